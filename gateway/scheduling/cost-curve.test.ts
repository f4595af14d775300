import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CostCurve } from './cost-curve.ts';

const size = fc.integer({ min: 1, max: 64 });
const ms = fc.double({ min: 0.01, max: 10_000, noNaN: true });
const points = fc.array(fc.record({ size, ms }), { minLength: 1, maxLength: 40 });

describe('CostCurve', () => {
  test('measured sizes cost what was measured, those between lie on the line, those beyond cost the same an image', () => {
    const curve = new CostCurve([
      { size: 4, ms: 10 },
      { size: 1, ms: 4 },
    ]);
    expect([1, 2, 3, 4, 8].map((n) => curve.runMs(n))).toEqual([4, 6, 8, 10, 20]);
  });

  test('a larger batch never costs less, whatever was measured and whatever runs are seen', () => {
    fc.assert(
      fc.property(points, fc.array(fc.record({ size, ms }), { maxLength: 60 }), (measured, runs) => {
        const curve = new CostCurve(measured);
        for (const run of runs) curve.ran(run.size, run.ms);
        let before = 0;
        for (let n = 1; n <= 100; n += 1) {
          const cost = curve.runMs(n);
          expect(Number.isFinite(cost) && cost > 0, `${n}: ${cost}`).toBe(true);
          expect(cost).toBeGreaterThanOrEqual(before * (1 - 1e-12));
          before = cost;
        }
        expect(curve.points.length).toBeLessThanOrEqual(measured.length);
      }),
    );
  });

  test('one run moves no size by more than a sixteenth of a doubling, except where neighbours contradict it', () => {
    fc.assert(
      fc.property(points, size, ms, (measured, at, cost) => {
        const curve = new CostCurve(measured);
        const before = curve.points;
        curve.ran(at, cost);
        for (const [i, { ms: now }] of curve.points.entries()) {
          const was = before[i]?.ms ?? 0;
          expect(now).toBeLessThanOrEqual(was * 2 ** (1 / 16) * (1 + 1e-9));
          expect(now).toBeGreaterThanOrEqual(was * 2 ** (-1 / 16) * (1 - 1e-9));
        }
      }),
    );
  });

  test('what really became slower is believed, at the sizes that were not seen as well', () => {
    const curve = new CostCurve([1, 2, 4, 8].map((n) => ({ size: n, ms: 2 + n })));
    for (let i = 0; i < 200; i += 1) for (const n of [1, 4]) curve.ran(n, 3 * (2 + n));
    expect(curve.runMs(1)).toBeCloseTo(9, 1);
    expect(curve.runMs(4)).toBeCloseTo(18, 1);
    expect(curve.runMs(8)).toBeGreaterThan(20);
  });

  test('an outlier and nonsense change next to nothing', () => {
    const curve = new CostCurve([{ size: 1, ms: 10 }]);
    curve.ran(1, 1_000_000);
    const after = curve.runMs(1);
    expect(after).toBeLessThan(10.5);
    for (const [n, cost] of [
      [0, 1],
      [1, 0],
      [1, Number.NaN],
      [Number.NaN, 1],
    ] as const)
      curve.ran(n, cost);
    expect(curve.runMs(1)).toBe(after);
  });

  test('what is measured anew takes the place of all that was known', () => {
    const curve = new CostCurve([{ size: 4, ms: 10 }]);
    curve.measured([{ size: 1, ms: 3 }]);
    expect(curve.points).toEqual([{ size: 1, ms: 3 }]);
    expect(() => curve.measured([])).toThrow(RangeError);
  });

  test('preparation is known an image, and follows slowly', () => {
    const curve = new CostCurve([{ size: 1, ms: 10 }]);
    expect(curve.preparationMs).toBe(0);
    curve.prepared(4, 8);
    expect(curve.preparationMs).toBe(2);
    curve.prepared(1, 18);
    expect(curve.preparationMs).toBe(3);
  });
});
