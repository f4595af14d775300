import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bound } from './bound.ts';

/** A queue of `length` from which four leave every `everyMs`, for two seconds. */
function served(everyMs: number, { length = 100, maxLength = 256, maxQueueMs = 250 } = {}) {
  const bound = new Bound({ maxLength, maxQueueMs });
  for (let waiting = 1; waiting <= length; waiting += 1) bound.came(waiting, 0);
  let now = 0;
  for (; now <= 2000; now += everyMs) bound.left(4, length, now);
  return { bound, now };
}

describe('Bound', () => {
  test('so many may wait as are answered within the time', () => {
    expect(served(20).bound.standing).toBe(50);
    expect(served(10).bound.standing).toBe(100);
  });

  test('it is the whole length before anything is known, and where no time is set', () => {
    expect(new Bound({ maxLength: 256, maxQueueMs: 250 }).standing).toBe(256);
    expect(served(20, { maxQueueMs: 0 }).bound.standing).toBe(256);
  });

  test('the slowest model lets as many wait as one client may send, and the fastest no more than the length', () => {
    expect(served(2000).bound.standing).toBe(32);
    expect(served(2000, { maxLength: 8 }).bound.standing).toBe(8);
    expect(served(1).bound.standing).toBe(256);
  });

  test('a burst may fill the queue; one that has stood for a second may not grow', () => {
    const { bound, now: begun } = served(20, { length: 20 });
    bound.came(50, begun);
    let now = begun;
    for (; now < begun + 1000; now += 20) {
      expect(bound.at(now)).toBe(256);
      bound.left(4, 48, now);
    }
    expect(bound.at(now)).toBe(50);
    bound.left(4, 26, now);
    expect(bound.at(now)).toBe(50);
    bound.left(4, 25, now);
    expect(bound.at(now)).toBe(256);
  });

  test('time in which nobody waited says nothing', () => {
    const { bound, now } = served(20);
    bound.left(4, 0, now);
    bound.came(1, now + 60_000);
    bound.left(1, 0, now + 60_000);
    expect(bound.standing).toBe(50);
  });

  test('whatever happens, no more than the length may wait, and no fewer than 32 or that', () => {
    const step = fc.record({ came: fc.boolean(), count: fc.integer({ min: 0, max: 64 }), ms: fc.nat(5000) });
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 1, max: 500 }), fc.nat(1000), (steps, maxLength, maxQueueMs) => {
        const bound = new Bound({ maxLength, maxQueueMs });
        let now = 0;
        let length = 0;
        for (const { came, count, ms } of steps) {
          now += ms;
          if (came && length < bound.at(now)) {
            length += 1;
            bound.came(length, now);
          } else if (length > 0) {
            const gone = Math.min(Math.max(count, 1), length);
            length -= gone;
            bound.left(gone, length, now);
          }
          for (const allowed of [bound.standing, bound.at(now)]) {
            expect(allowed).toBeLessThanOrEqual(maxLength);
            expect(allowed).toBeGreaterThanOrEqual(Math.min(32, maxLength));
          }
        }
      }),
    );
  });
});
