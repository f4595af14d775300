/** The device engine changes its model in a second worker: what serves, what is fetched, what is left. */
import { expect, type Page, test } from '@playwright/test';
import { openHarness, startHarness } from './harness/open.ts';
import { manifest } from './harness/server.ts';

const { name } = manifest;
const golden = `/v1/models/${name}/versions/1/files/goldens/abacus.png`;

/** The engine's own workers; the runtime's threads are workers too. */
const engineWorkers = (page: Page) =>
  page.workers().filter((worker) => worker.url().includes('inference-worker')).length;

/** Classifies one picture after another while `spec` takes the place of what serves. */
const updateWhileRunning = (page: Page, spec: string) =>
  page.evaluate(
    async ([url, wanted]) => {
      const { engine, bytes, outcome } = window.harness;
      const picture = new Blob([await bytes(url)]);
      const answers: { readonly version: number; readonly label: string | undefined }[] = [];
      const phases = new Set<string>();
      let over = false;
      const update = outcome(engine.update(wanted, { onProgress: ({ phase }) => phases.add(phase) })).finally(() => {
        over = true;
      });
      const states = new Set<string>();
      for (let more = 2; more > 0; more -= over ? 1 : 0) {
        const { version, predictions } = await engine.classifyPicture(picture);
        states.add(engine.status.state);
        answers.push({ version, label: predictions[0]?.label });
      }
      const versions = answers.map(({ version }) => version).filter((version, i, all) => version !== all[i - 1]);
      const labels = [...new Set(answers.map(({ label }) => label))];
      return { outcome: await update, versions, labels, states: [...states], phases: [...phases] };
    },
    [golden, spec] as const,
  );

test('an update answers every picture on the way, tells its progress, and leaves one worker', async () => {
  const server = await startHarness({ versions: [1, 2] });
  const { page, close } = await openHarness(server.url);
  await page.evaluate((spec) => window.harness.engine.load(spec), `${name}@1`);
  const { outcome, versions, labels, states, phases } = await updateWhileRunning(page, `${name}@2`);
  expect(outcome).toMatchObject({ value: { model: { version: 2 }, manifest: { name, version: 2 } } });
  expect(versions).toEqual([1, 2]);
  expect(labels).toEqual(['abacus']);
  expect(states).toEqual(['ready']);
  expect(phases).toEqual(expect.arrayContaining(['verify', 'compile', 'check']));
  await expect.poll(() => engineWorkers(page)).toBe(1);
  await close();
  await server.close();
});

test('an update that comes damaged changes nothing', async () => {
  const server = await startHarness({ versions: [1, 2] });
  const { page, close } = await openHarness(server.url);
  await page.evaluate(async (spec) => {
    await window.harness.engine.load(spec);
    await window.harness.engine.clearStore();
  }, `${name}@1`);
  server.faults.damaged = true;
  const { outcome, versions, states } = await updateWhileRunning(page, `${name}@2`);
  expect(outcome).toMatchObject({ error: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('damaged') } });
  expect([versions, states]).toEqual([[1], ['ready']]);
  await expect.poll(() => engineWorkers(page)).toBe(1);
  await close();
  await server.close();
});

test('going back fetches no weights, and the next visit without a network finds what served last', async () => {
  const server = await startHarness({ versions: [1, 2] });
  const { page, close } = await openHarness(server.url);
  const used = await page.evaluate(async (model) => {
    const { engine } = window.harness;
    await engine.load(`${model}@1`);
    await engine.update(`${model}@2`);
    const { model: back } = await engine.update(`${model}@1`);
    return back.version;
  }, name);
  expect(used).toBe(1);
  expect(server.requests.filter((path) => path.endsWith('/model.onnx'))).toHaveLength(1);
  server.faults.away = true;
  const offline = await page.evaluate(async (model) => {
    window.harness.make();
    return (await window.harness.engine.load(model)).version;
  }, name);
  expect(offline).toBe(1);
  await close();
  await server.close();
});

test('pixels prepared for the old version are refused by the new one', async () => {
  const server = await startHarness({ versions: [1, 2] });
  const { page, close } = await openHarness(server.url);
  const refused = await page.evaluate(
    async ([url, model]) => {
      const { engine, bytes, outcome } = window.harness;
      await engine.load(`${model}@1`);
      const prepared = await engine.prepare(new Blob([await bytes(url)]));
      await engine.update(`${model}@2`);
      return outcome(engine.classifyPrepared(prepared));
    },
    [golden, name] as const,
  );
  expect(refused).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
  await close();
  await server.close();
});
