import { expect, test } from 'vitest';
import { check, type Facts } from './checks.ts';

const limits = { memoryShare: 0.9, diskBytes: 100, eventLoopMs: 50 };
const well: Facts = {
  usage: {
    memoryBytes: 500,
    memoryLimitBytes: 1000,
    ownBytes: 400,
    disk: { freeBytes: 100, totalBytes: 1000 },
    eventLoopMs: 3,
    gpus: undefined,
  },
  ready: true,
  running: [{ name: 'mini', version: 1, provider: 'cpu', instances: 2, alive: true }],
  wantsGpu: false,
};
const failing = (facts: Partial<Facts>): readonly string[] =>
  Object.entries(check({ ...well, ...facts }, limits)).flatMap(([name, { ok }]) => (ok ? [] : [name]));
const use = (usage: Partial<Facts['usage']>): Partial<Facts> => ({ usage: { ...well.usage, ...usage } });

test('all is well where nothing is short, and each check says what it measured', () => {
  expect(check(well, limits)).toEqual({
    gpu: { ok: true, value: 'not configured' },
    model_loaded: { ok: true, value: 1, limit: 1, unit: 'versions' },
    memory_available: { ok: true, value: 500, limit: 100, unit: 'bytes' },
    disk_available: { ok: true, value: 100, limit: 100, unit: 'bytes' },
    instances: { ok: true, value: 2, unit: 'processes' },
    event_loop: { ok: true, value: 3, limit: 50, unit: 'ms' },
  });
});

test.each<[string, Partial<Facts>]>([
  ['gpu', { wantsGpu: true }],
  ['model_loaded', { ready: false }],
  ['memory_available', use({ memoryBytes: 901 })],
  ['disk_available', use({ disk: { freeBytes: 99, totalBytes: 1000 } })],
  ['instances', { running: [{ name: 'mini', version: 1, provider: 'cpu', instances: 0, alive: false }] }],
  ['event_loop', use({ eventLoopMs: 51 })],
])('%s fails alone when what it looks at is short', (name, facts) => {
  expect(failing(facts)).toEqual([name]);
});

test('a failing check says what to do', () => {
  const checks = check({ ...well, ready: false, ...use({ memoryBytes: 1000, eventLoopMs: 99 }) }, limits);
  for (const { ok, message } of Object.values(checks)) expect(message !== undefined).toBe(!ok);
});

test('a limit of 0 is not checked', () => {
  const checks = check(
    { ...well, ...use({ memoryBytes: 1000, eventLoopMs: 99 }) },
    { memoryShare: 0, diskBytes: 0, eventLoopMs: 0 },
  );
  expect(Object.values(checks).filter(({ ok }) => !ok)).toEqual([]);
});
