import { expect, test } from 'vitest';
import type { Classification } from '../../core/engine.ts';
import { MemoryKeyValue } from '../../test/doubles/memory-key-value.ts';
import { type CachedAnswer, isCachedAnswer, ResultCache, resultKey } from './result-cache.ts';

const result = (label: string): Classification => ({
  model: 'm',
  version: 1,
  variant: 'w16',
  predictions: [{ label, index: 0, score: 0.9 }],
  notSure: false,
  provider: 'wasm',
  cached: false,
  timings: { queue: 0, decode: 1, prepare: 1, infer: 1, total: 3 },
  batchSize: 1,
});

function setUp(limit = 3) {
  const values = new MemoryKeyValue<CachedAnswer>();
  let time = 0;
  const today = () => {
    time += 1;
    return time;
  };
  return { values, cache: new ResultCache({ values, limit, today }) };
}

test('the key holds the pixels, the model, its version and its variant', () => {
  expect(resultKey('ab12', { name: 'lite', version: 2, variant: 'w16' })).toBe('ab12+lite@2+w16');
});

test('what was kept is found, with who computed it', async () => {
  const { cache } = setUp();
  await cache.keep('a', result('cat'), 'gateway');
  expect(await cache.find('a')).toMatchObject({ engine: 'gateway', result: { predictions: [{ label: 'cat' }] } });
  expect(await cache.find('b')).toBeUndefined();
});

test('beyond the limit the least recently used goes first, and being found counts as use', async () => {
  const { cache, values } = setUp(3);
  for (const key of ['a', 'b', 'c']) await cache.keep(key, result(key), 'device');
  await cache.find('a');
  await cache.keep('d', result('d'), 'device');
  expect([...values.values.keys()].sort()).toEqual(['a', 'c', 'd']);
  expect(cache.view.get().count).toBe(3);
});

test('many writes at once keep the bound too', async () => {
  const { cache, values } = setUp(5);
  await Promise.all(Array.from({ length: 50 }, (_, i) => cache.keep(`k${i}`, result('x'), 'device')));
  expect(values.values.size).toBe(5);
});

test('0 keeps nothing', async () => {
  const { cache, values } = setUp(0);
  await cache.keep('a', result('cat'), 'device');
  expect(values.values.size).toBe(0);
});

test('clear empties it', async () => {
  const { cache, values } = setUp();
  await cache.keep('a', result('cat'), 'device');
  await cache.clear();
  expect([values.values.size, cache.view.get().count]).toEqual([0, 0]);
});

test('a full storage is told and fails nothing; it is forgotten once a write succeeds again', async () => {
  const { cache, values } = setUp();
  values.broken = new DOMException('full', 'QuotaExceededError');
  await cache.keep('a', result('cat'), 'device');
  expect(await cache.find('a')).toBeUndefined();
  expect(cache.view.get().problem).toBe('full');
  values.broken = undefined;
  await cache.keep('a', result('cat'), 'device');
  expect(cache.view.get().problem).toBeUndefined();
});

test('a storage that is missing is told and fails nothing', async () => {
  const { cache, values } = setUp();
  values.broken = new DOMException('no', 'InvalidStateError');
  await cache.open();
  await cache.keep('a', result('cat'), 'device');
  await cache.clear();
  expect(cache.view.get().problem).toBe('unavailable');
});

test('what another version wrote in another shape counts as absent', () => {
  expect(isCachedAnswer({ result: result('cat'), engine: 'device', usedAt: 1 })).toBe(true);
  for (const wrong of [undefined, 'x', {}, { result: {}, engine: 'device', usedAt: 1 }, { result: null }]) {
    expect(isCachedAnswer(wrong)).toBe(false);
  }
});
