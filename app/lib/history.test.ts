import { expect, test } from 'vitest';
import { settle } from '../../test/doubles/fake-clock.ts';
import { MemoryKeyValue } from '../../test/doubles/memory-key-value.ts';
import { classification } from '../../test/support/classification.ts';
import type { Answer } from './answer.ts';
import { History, type HistoryEntry, isHistoryEntry } from './history.ts';

const answer: Answer = {
  engine: 'device',
  source: 'run',
  waitedMs: 40,
  reason: 'This device runs the model.',
  result: classification(),
};

function setUp(limit = 3, values = new MemoryKeyValue<HistoryEntry>()) {
  let time = 0;
  const tick = () => {
    time += 1;
    return time;
  };
  const history = new History({ values, limit, today: tick, newId: () => `id${tick()}` });
  return { history, values, names: () => history.view.get().entries.map((entry) => entry.name) };
}

test('the newest is first and no more than the limit stay, in memory and in the store', async () => {
  const { history, values, names } = setUp(3);
  for (const name of ['a', 'b', 'c', 'd']) history.add(answer, name, '');
  await history.settled;
  expect(names()).toEqual(['d', 'c', 'b']);
  expect([...values.values.values()].map((entry) => entry.name)).toEqual(['b', 'c', 'd']);
});

test('another visit finds what this one left', async () => {
  const { history, values } = setUp();
  history.add(answer, 'a', 'data:x');
  await history.settled;
  const next = setUp(3, values);
  await next.history.open();
  expect(next.names()).toEqual(['a']);
});

test('clear empties both, undo brings both back', async () => {
  const { history, values, names } = setUp();
  history.add(answer, 'a', '');
  history.add(answer, 'b', '');
  history.clear();
  await history.settled;
  expect([names(), values.values.size]).toEqual([[], 0]);
  history.undo();
  await history.settled;
  expect([names(), values.values.size]).toEqual([['b', 'a'], 2]);
});

test('after forget nothing can be undone', () => {
  const { history, names } = setUp();
  history.add(answer, 'a', '');
  history.clear();
  history.forget();
  history.undo();
  expect(names()).toEqual([]);
});

test('without storage the history lives in memory', async () => {
  const values = new MemoryKeyValue<HistoryEntry>();
  values.broken = new Error('no storage');
  const { history, names } = setUp(3, values);
  await history.open();
  history.add(answer, 'a', '');
  await settle();
  expect(names()).toEqual(['a']);
});

test('an answer kept from before says so and tells what the visitor waited', () => {
  const { history } = setUp();
  const entry = history.add({ ...answer, source: 'store', waitedMs: 2 }, 'a', '');
  expect(entry).toMatchObject({ cached: true, totalMs: 2 });
  expect(isHistoryEntry(entry)).toBe(true);
  expect(isHistoryEntry({ id: 'x' })).toBe(false);
});
