import { describe, expect, test } from 'vitest';
import { type Contestant, contest } from './contest.ts';
import { type Split, splitsOf } from './splits.ts';

const SPLITS = splitsOf(2, 9);
const [TWO, ONE] = SPLITS as [Split, Split];

/** Answers so many pictures a second in its rounds, one after the other; the last number goes on. */
class Runner implements Contestant {
  rounds = 0;
  started = false;
  closed = false;
  readonly #speeds: readonly (number | Error)[];

  constructor(...speeds: (number | Error)[]) {
    this.#speeds = speeds;
  }

  async start() {
    this.started = true;
  }

  async pace() {
    const speed = this.#speeds[Math.min(this.rounds, this.#speeds.length - 1)] ?? 0;
    this.rounds += 1;
    if (speed instanceof Error) throw speed;
    return speed;
  }

  async close() {
    this.closed = true;
  }
}

/** Of two instances against one, which is all that two processors have, but for the way of decoding. */
async function hold(challenger: Runner, given: { champion?: Runner; most?: number; signal?: AbortSignal } = {}) {
  const { champion = new Runner(100), most = 9, signal = new AbortController().signal } = given;
  const opened: Runner[] = [];
  const open = () => {
    const next = opened.length === 0 ? challenger : new Runner(0);
    opened.push(next);
    return next;
  };
  const { winner, split, compared } = await contest({ splits: SPLITS, split: TWO, champion, open, most, signal });
  const closed = [champion, ...opened].filter((one) => one.closed);
  expect(closed, 'all but the winner').toEqual([champion, ...opened].filter((one) => one !== winner));
  return { won: winner === challenger, split, compared, opened };
}

describe('a contest of splits', () => {
  test('is won by the one that answers clearly more', async () => {
    const { won, split, compared } = await hold(new Runner(130));
    expect([won, split, compared[0]?.gain]).toEqual([true, ONE, 1.3]);
  });

  test('is not won by a little: rounds of the same pool differ as much', async () => {
    const { won, split, compared } = await hold(new Runner(105));
    expect([won, split, compared]).toEqual([false, TWO, [{ split: ONE, gain: 1.05 }]]);
  });

  test('goes by the middle of its rounds, and not by the first, in which code is still compiled', async () => {
    expect((await hold(new Runner(900, 95, 104, 900))).compared[0]?.gain).toBe(1.04);
    expect((await hold(new Runner(10, 120, 120, 10))).won).toBe(true);
  });

  test('ends as soon as one is clearly behind', async () => {
    const slow = new Runner(60);
    expect((await hold(slow)).compared[0]?.gain).toBe(0.6);
    expect(slow.rounds).toBe(2);
  });

  test.each([
    ['the challenger fails', new Runner(new Error('no memory')), new Runner(100), 'no memory'],
    ['the champion fails', new Runner(130), new Runner(100, new Error('it ended')), 'it ended'],
    ['the champion answers nothing', new Runner(130), new Runner(0), 'No picture was answered.'],
  ])('changes nothing when %s', async (_title, challenger, champion, reason) => {
    const { won, compared } = await hold(challenger, { champion });
    expect([won, compared]).toEqual([false, [{ split: ONE, gain: undefined, reason }]]);
  });

  test('is not held where memory has no room for both', async () => {
    expect(await hold(new Runner(130), { most: 2 })).toMatchObject({ won: false, compared: [], opened: [] });
  });

  test('ends with the best so far when its time is up', async () => {
    const ended = new AbortController();
    const late = new Runner(130);
    late.start = async () => ended.abort();
    const { won, compared } = await hold(late, { signal: ended.signal });
    expect([won, compared[0]?.gain, compared[0]?.reason]).toEqual([false, undefined, 'The time for it was up.']);
  });
});
