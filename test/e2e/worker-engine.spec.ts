/** The device engine in the real Chromium: the model, its versions and pictures. */
import { readFileSync } from 'node:fs';
import { expect } from '@playwright/test';
import { z } from 'zod';
import { engineWorker, openHarness, startHarness } from './harness/open.ts';
import { manifest } from './harness/server.ts';
import { test } from './harness/test.ts';

const file = (name: string): string => `/v1/models/${manifest.name}/versions/1/files/${name}`;
const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/images/${name}`, import.meta.url)).toString('base64');

test('classifies every golden within 1e-3 of the reference, with threads', async ({ opened }) => {
  const { page } = opened;
  const goldens = manifest.goldens.map((golden) => ({ url: file(golden.image), top: golden.top }));
  const answers = await page.evaluate(async (all) => {
    const { engine, bytes } = window.harness;
    await engine.load('efficientnet-lite0');
    const found = [];
    for (const { url } of all) {
      const blob = new Blob([await bytes(url)]);
      const whole = await engine.classifyPicture(blob, { top: 10 });
      const parts = await engine.classifyPrepared(await engine.prepare(blob), { top: 10 });
      found.push({ whole: whole.predictions, parts: parts.predictions, timings: whole.timings });
    }
    return found;
  }, goldens);
  for (const [i, { whole, parts, timings }] of answers.entries()) {
    expect(parts).toEqual(whole);
    expect(timings.total).toBeGreaterThanOrEqual(timings.infer);
    for (const [rank, expected] of (goldens[i]?.top ?? []).entries()) {
      expect(whole[rank]?.index).toBe(expected.index);
      expect(Math.abs((whole[rank]?.score ?? 0) - expected.score)).toBeLessThanOrEqual(1e-3);
    }
  }
  const { wasm, storage, crossOriginIsolated } = await page.evaluate(() => window.harness.engine.capabilities());
  expect(crossOriginIsolated).toBe(true);
  expect(wasm.threads).toBeGreaterThan(1);
  expect(storage.kind).toBe('opfs');
});

test('tells the download in bytes and what was chosen', async ({ opened }) => {
  const events = await opened.page.evaluate(async () => {
    await window.harness.engine.load('efficientnet-lite0');
    return window.harness.events;
  });
  const progress = events.flatMap((event) =>
    event.type === 'status' && event.status.state === 'loading' ? [event.status.progress] : [],
  );
  expect([...new Set(progress.map(({ phase }) => phase))]).toEqual([
    'manifest',
    'download',
    'verify',
    'compile',
    'check',
  ]);
  const bytes = progress.filter(({ phase }) => phase === 'download').map(({ loadedBytes }) => loadedBytes);
  expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
  expect(progress.at(-1)).toMatchObject({ loadedBytes: progress.at(-1)?.totalBytes, fromStore: false });
  expect(events).toContainEqual(expect.objectContaining({ type: 'notice', code: 'BACKEND_CHOSEN' }));
});

test('describing and preparing need neither the weights nor ONNX Runtime', async ({ server, opened }) => {
  const { page } = opened;
  server.requests.length = 0;
  const { prepared, sent, digestOfSent } = await page.evaluate(async (text) => {
    const { engine } = window.harness;
    await engine.describe('efficientnet-lite0');
    const blob = new Blob([Uint8Array.from(atob(text), (char) => char.charCodeAt(0))]);
    const { digest, pixels, width, height, sourceWidth, sourceHeight } = await engine.prepare(blob);
    const encoded = await engine.encode(blob);
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(encoded.data)]));
    return {
      prepared: { digest, bytes: pixels.length, width, height, sourceWidth, sourceHeight },
      sent: { encoding: encoded.encoding, width: bitmap.width, height: bitmap.height },
      digestOfSent: (await engine.prepare(new Blob([Uint8Array.from(encoded.data)]))).digest,
    };
  }, fixture('baseline-420.jpg'));
  expect(prepared).toMatchObject({ bytes: 224 * 224 * 3, width: 224, height: 224 });
  expect(prepared.digest).toMatch(/^[0-9a-f]{64}$/);
  const short = Math.min(prepared.sourceWidth, prepared.sourceHeight);
  expect(sent).toMatchObject({ encoding: 'webp', [short === prepared.sourceHeight ? 'height' : 'width']: 256 });
  // To the pixel: what the gateway resizes is what this device would have run.
  expect(digestOfSent).toBe(prepared.digest);
  expect(server.requests.filter((path) => /\.wasm$|\.onnx$|ort/.test(path))).toEqual([]);
});

test('frames and bitmaps are used up and closed, and give what the picture gives', async ({ opened }) => {
  await opened.page.evaluate(() => window.harness.engine.describe('efficientnet-lite0'));
  await engineWorker(opened.page).evaluate(() => {
    const closed: string[] = [];
    Reflect.set(self, 'closedThings', closed);
    for (const type of [VideoFrame, ImageBitmap]) {
      const close = type.prototype.close;
      type.prototype.close = function () {
        closed.push(type.name);
        close.call(this);
      };
    }
  });
  const found = await opened.page.evaluate(async (text) => {
    const { engine } = window.harness;
    await engine.describe('efficientnet-lite0');
    const blob = new Blob([Uint8Array.from(atob(text), (char) => char.charCodeAt(0))]);
    const still = await engine.prepare(blob);
    const bitmap = await createImageBitmap(blob);
    const frame = new VideoFrame(bitmap, { timestamp: 0 });
    const fromFrame = await engine.prepare(frame);
    const fromBitmap = await engine.prepare(bitmap);
    return {
      digests: [still.digest, fromBitmap.digest, fromFrame.digest],
      handedOver: [bitmap.width, frame.format],
      sizes: [fromFrame.sourceWidth, still.sourceWidth],
    };
  }, fixture('rgb.png'));
  expect(new Set(found.digests).size).toBe(1);
  expect(found.handedOver).toEqual([0, null]);
  // The first bitmap is the one that the worker itself decoded the file to.
  const closed = await engineWorker(opened.page).evaluate(() => Reflect.get(self, 'closedThings') as unknown);
  expect(closed).toEqual(['ImageBitmap', 'VideoFrame', 'ImageBitmap']);
  expect(found.sizes[0]).toBe(found.sizes[1]);
});

test('every kind of picture decodes upright and whole, and what is none is told by its code', async ({ opened }) => {
  const entries = z
    .array(
      z.object({ file: z.string(), expect: z.string(), width: z.number().optional(), height: z.number().optional() }),
    )
    .parse(JSON.parse(readFileSync(new URL('../fixtures/images/index.json', import.meta.url), 'utf8')));
  const endings = await opened.page.evaluate(
    async (files) => {
      const { engine, outcome } = window.harness;
      await engine.describe('efficientnet-lite0');
      const found: Record<string, string> = {};
      for (const [name, text] of files) {
        const blob = new Blob([Uint8Array.from(atob(text), (char) => char.charCodeAt(0))]);
        const ended = await outcome(engine.prepare(blob));
        found[name] = 'error' in ended ? ended.error.code : `${ended.value.sourceWidth} x ${ended.value.sourceHeight}`;
      }
      return found;
    },
    entries.map(({ file: name }) => [name, fixture(name)] as const),
  );
  for (const entry of entries) {
    const ending = endings[entry.file];
    if (entry.expect === 'decodes') expect(ending, entry.file).toBe(`${entry.width} x ${entry.height}`);
    if (entry.expect === 'refused') {
      expect(ending, entry.file).toMatch(/^(?:INVALID_ARGUMENT|PAYLOAD_TOO_LARGE|UNDECODABLE_IMAGE)$/);
    }
  }
  expect(endings).toMatchObject({ 'empty.jpg': 'INVALID_ARGUMENT', 'bomb-60000.png': 'PAYLOAD_TOO_LARGE' });
});

test('without cross-origin isolation one thread runs the model, and the reason is told', async () => {
  const plain = await startHarness({ isolated: false });
  const other = await openHarness(plain.url);
  const { capabilities, provider } = await other.page.evaluate(async () => {
    const { engine } = window.harness;
    const model = await engine.load('efficientnet-lite0');
    return { capabilities: await engine.capabilities(), provider: model.provider };
  });
  expect(provider).toBe('wasm');
  expect(capabilities.wasm).toMatchObject({ threads: 1, reason: expect.stringContaining('isolated') });
  await other.close();
  await plain.close();
});

test('a model whose golden comes out otherwise is refused', async () => {
  const wrong = await startHarness({ wrongGolden: true });
  const other = await openHarness(wrong.url);
  const outcome = await other.page.evaluate(() =>
    window.harness.outcome(window.harness.engine.load('efficientnet-lite0')),
  );
  expect(outcome).toMatchObject({
    error: { code: 'ENGINE_FAILED', message: expect.stringContaining('wrong answers') },
  });
  await other.close();
  await wrong.close();
});

test('a new version takes over without a dropped picture', async () => {
  const two = await startHarness({ versions: [1, 2] });
  const other = await openHarness(two.url);
  const versions = await other.page.evaluate(async (url) => {
    const { engine, bytes } = window.harness;
    await engine.load('efficientnet-lite0@1');
    const blob = new Blob([await bytes(url)]);
    const loading = engine.load('efficientnet-lite0');
    const found: number[] = [];
    let done = false;
    void loading.then(() => {
      done = true;
    });
    while (!done) found.push((await engine.classifyPicture(blob)).version);
    found.push((await engine.classifyPicture(blob)).version);
    return found;
  }, file('goldens/abacus.png'));
  expect(versions[0]).toBe(1);
  expect(versions.at(-1)).toBe(2);
  expect(versions).toEqual([...versions].sort());
  await other.close();
  await two.close();
});
