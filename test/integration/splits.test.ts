/** What real instances answer decides how the processors are divided among them, once a model and machine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { lives } from '../support/processes.ts';
import { startRegistry } from '../support/registry.ts';

const data = mkdtempSync(join(tmpdir(), 'twinlens-splits-'));
afterAll(() => rmSync(data, { recursive: true, force: true }));

const MEMORY = 8 * 1024 ** 3;
const LONG = 120_000;

const allow = (cores: number) => ({ cores, memoryBytes: MEMORY, scope: 'machine' }) as const;

async function load(environment: Record<string, string>, cores = 2) {
  const { registry, log, until } = await startRegistry(environment, allow(cores));
  try {
    await until(() => registry.ready);
    const { pids } = registry;
    const of = (type: string) => log.filter(({ fields }) => fields.event_type === type).map(({ fields }) => fields);
    return { pids, measured: of('split_measured'), loaded: of('model_loaded')[0] };
  } finally {
    await registry.close();
  }
}

test('the first load compares the splits and serves with the best alone; the next one takes it', {
  timeout: LONG,
}, async () => {
  const { pids, measured, loaded } = await load({ TWINLENS_INSTANCES: '0', TWINLENS_DATA: data });
  expect(measured).toHaveLength(1);
  const [{ instances, threads, compared } = {}] = measured;
  expect(compared).toEqual(expect.arrayContaining([expect.objectContaining({ gain: expect.any(Number) })]));
  expect([['2 x 1', '1 x 2'].includes(`${instances} x ${threads}`), pids.length]).toEqual([true, instances]);
  expect(loaded).toMatchObject({ instances, threads });
  const again = await load({ TWINLENS_INSTANCES: '0', TWINLENS_DATA: data });
  expect([again.measured, again.loaded]).toMatchObject([[], { instances, threads }]);
});

test.each([
  [{ TWINLENS_INSTANCES: '1' }, 2, { instances: 1, threads: 2 }],
  [{ TWINLENS_INSTANCES: '0', TWINLENS_THREADS: '1' }, 2, { instances: 2, threads: 1 }],
  [{ TWINLENS_INSTANCES: '5' }, 2, { instances: 5, threads: 1 }],
  [{ TWINLENS_INSTANCES: '2', TWINLENS_THREADS: '2' }, 2, { instances: 2, threads: 2 }],
  [{ TWINLENS_INSTANCES: '0' }, 1, { instances: 1, threads: 1 }],
])('nothing is compared with %o on %i processors', { timeout: LONG }, async (environment, cores, split) => {
  expect(await load(environment, cores)).toMatchObject({ measured: [], loaded: split });
});

test('closing while splits are compared ends every process of every one of them', { timeout: LONG }, async () => {
  const { registry } = await startRegistry({ TWINLENS_INSTANCES: '0' }, allow(2));
  await expect.poll(() => registry.pids.length, { timeout: 60_000, interval: 20 }).toBe(3);
  const { pids } = registry;
  await registry.close();
  expect(pids.filter(lives)).toEqual([]);
});
