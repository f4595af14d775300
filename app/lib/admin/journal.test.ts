import { expect, test } from 'vitest';
import type { JournalEntry } from '../../../core/admin.ts';
import { TwinlensError } from '../../../core/errors.ts';
import { Journal, PAGE } from './journal.ts';

const entry = (at: number, detail = `at ${at}`): JournalEntry => ({ at, actor: 'admin', action: 'promote', detail });
/** From `newest` down. */
const entries = (newest: number, count: number) => Array.from({ length: count }, (_, index) => entry(newest - index));

test('newer entries come before what is there, none twice', () => {
  const journal = new Journal({ fetch: async () => [] });
  journal.latest([entry(2), entry(1)]);
  journal.latest([entry(3), entry(2)]);
  expect(journal.view.get().entries.map(({ at }) => at)).toEqual([3, 2, 1]);
});

test('older entries are asked for by the last one that is there, and those of the same moment are not lost', async () => {
  const asked: (number | undefined)[] = [];
  const journal = new Journal({
    fetch: async (_limit, before) => {
      asked.push(before);
      return [entry(5, 'the same moment'), ...entries(4, PAGE - 1)];
    },
  });
  journal.latest([entry(6), entry(5)]);
  await journal.more();
  expect(asked).toEqual([6]);
  expect(journal.view.get()).toMatchObject({ complete: false, loading: false });
  expect(journal.view.get().entries.filter(({ at }) => at === 5)).toHaveLength(2);
});

test('a short page is the last one', async () => {
  const journal = new Journal({ fetch: async () => [entry(1)] });
  await journal.more();
  expect(journal.view.get().complete).toBe(true);
});

test('a failure is told and can be tried again', async () => {
  let fails = true;
  const journal = new Journal({
    fetch: async () => {
      if (fails) throw new TwinlensError('UNAVAILABLE', 'Gone.');
      return [entry(1)];
    },
  });
  await journal.more();
  expect(journal.view.get().error?.code).toBe('UNAVAILABLE');
  fails = false;
  await journal.more();
  expect(journal.view.get()).toMatchObject({ error: undefined, entries: [entry(1)] });
});
