import { expect, test } from 'vitest';
import { type Contestant, type Split, splitsOf } from '../instances/index.ts';
import { SplitBook } from './split-book.ts';
import { SplitChoice } from './split-choice.ts';

const SPLITS = splitsOf(2, 9);
const [TWO, ONE] = SPLITS as [Split, Split];
const model = { name: 'm', version: 1, sha256: 'a' };

/** On two processors, where pictures a second are as given by instances. */
async function start(speeds: Readonly<Record<number, number>>, splits = SPLITS) {
  const book = await SplitBook.open({ folder: undefined, machine: '', onFault: () => undefined });
  const lines: Record<string, unknown>[] = [];
  const write = (fields: object) => void lines.push({ ...fields });
  let alone = true;
  const choice = new SplitChoice({
    splits,
    most: 9,
    book,
    alone: () => alone,
    log: { info: write, warn: write, error: write },
    now: () => 0,
  });
  let compared = 0;
  const pool = ({ instances }: Split): Contestant => ({
    start: async () => undefined,
    pace: async () => speeds[instances] ?? 0,
    close: async () => undefined,
  });
  const load = async (which = model) => {
    const split = choice.first(which);
    const open = (other: Split) => {
      compared += 1;
      return pool(other);
    };
    const { signal } = new AbortController();
    const best = await choice.best(which, { split, champion: pool(split), open, signal });
    return { first: split, best: best.split, compared };
  };
  const beside = () => {
    alone = false;
  };
  return { load, lines, beside };
}

test('a model is measured once, and what it was is said and taken from then on', async () => {
  const { load, lines } = await start({ 2: 100, 1: 150 });
  const measured = await load();
  expect(measured).toMatchObject({ first: TWO, best: ONE });
  expect(lines).toMatchObject([
    { event_type: 'split_measured', model: 'm', model_version: 1, instances: 1, threads: 2 },
  ]);
  expect(await load()).toEqual({ first: ONE, best: ONE, compared: measured.compared });
});

test('another file of the name begins with what was found for the one before, and is measured itself', async () => {
  const { load, lines } = await start({ 2: 100, 1: 150 });
  await load();
  expect(await load({ ...model, sha256: 'b', version: 2 })).toMatchObject({ first: ONE, best: ONE });
  expect(lines).toMatchObject([{ model_version: 1 }, { model_version: 2, instances: 1 }]);
});

test('nothing is compared beside others that serve or load', async () => {
  const { load, lines, beside } = await start({ 2: 100, 1: 150 });
  beside();
  expect([await load(), lines]).toEqual([{ first: TWO, best: TWO, compared: 0 }, []]);
});

test('what could not be measured is tried again at the next load', async () => {
  const { load, lines } = await start({ 1: 150 });
  await load();
  await load();
  expect(lines.map(({ event_type }) => event_type)).toEqual(['split_measured', 'split_measured']);
});

test('where there is one split, such as the one that the operator wants, nothing is compared', async () => {
  const { load } = await start({ 2: 100, 1: 150 }, [TWO]);
  expect(await load()).toEqual({ first: TWO, best: TWO, compared: 0 });
});
