import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inShare, placeOf } from './share.ts';

const never = () => {
  throw new Error('A request with a key needs no chance.');
};
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('the share of a canary', () => {
  it('depends on model and key alone', () => {
    expect(placeOf('mini', 'anna')).toBe(placeOf('mini', 'anna'));
    // Written down: the same on every gateway and after every restart.
    expect(placeOf('mini', 'anna')).toBeCloseTo(0.24623977488444382, 12);
    expect(placeOf('other', 'anna')).not.toBe(placeOf('mini', 'anna'));
  });

  it('raised, takes keys to the canary and never one back', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), share, share, (key, a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        if (inShare('mini', less, key, never)) expect(inShare('mini', more, key, never)).toBe(true);
      }),
    );
  });

  it('0 takes nobody and 1 everybody', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (key) => {
        expect([inShare('mini', 0, key, never), inShare('mini', 1, key, never)]).toEqual([false, true]);
      }),
    );
    expect(inShare('mini', 0, undefined, () => 0)).toBe(false);
    expect(inShare('mini', 1, undefined, () => 0.999_999)).toBe(true);
  });

  it.each([0.05, 0.5, 0.9])('%f is that part of many keys', (wanted) => {
    const keys = Array.from({ length: 20_000 }, (_, at) => `user-${at}`);
    const taken = keys.filter((key) => inShare('mini', wanted, key, never)).length;
    // Five standard deviations of a binomial.
    expect(Math.abs(taken / keys.length - wanted)).toBeLessThan(5 * Math.sqrt((wanted * (1 - wanted)) / keys.length));
  });

  it('without a key it is chance', () => {
    expect(inShare('mini', 0.5, undefined, () => 0.49)).toBe(true);
    expect(inShare('mini', 0.5, undefined, () => 0.5)).toBe(false);
  });
});
