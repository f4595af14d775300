import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KERNEL_MEMORY } from './kernel.ts';
import { type Need, planStrips, RESULT_ROWS } from './strip-plan.ts';

const bytes = fc.oneof(fc.constant(0), fc.nat(2000), fc.nat(300_000));
const needs: fc.Arbitrary<Need> = fc.record({
  rawRow: bytes,
  sourceRow: bytes,
  windowRow: fc.integer({ min: 1, max: 100_000 }),
  betweenRow: bytes,
  resultRow: bytes,
  tapsY: fc.integer({ min: 2, max: 400 }),
  overrun: bytes,
  axisX: bytes,
  axisY: bytes,
});

test('nothing in the memory lies over another or past the end, and a vector may run over each end', () => {
  let planned = 0;
  fc.assert(
    fc.property(needs, (need) => {
      const plan = planStrips(need);
      if (!plan) return;
      planned += 1;
      expect(plan.rows % 4).toBe(0);
      expect(plan.rows).toBeGreaterThan(0);
      const regions: readonly (readonly [at: number, length: number])[] = [
        [plan.raw, plan.rows * need.rawRow],
        [plan.source, plan.rows * need.sourceRow + need.overrun],
        [plan.window, (plan.rows + 2 * need.tapsY) * need.windowRow],
        [plan.between, RESULT_ROWS * need.betweenRow + need.overrun],
        [plan.result, RESULT_ROWS * need.resultRow],
        [plan.axisX, need.axisX],
        [plan.axisY, need.axisY],
      ];
      for (const [i, [at, length]] of regions.entries()) {
        expect(at % 16).toBe(0);
        expect(at + length + 16).toBeLessThanOrEqual(regions[i + 1]?.[0] ?? KERNEL_MEMORY);
      }
    }),
  );
  expect(planned).toBeGreaterThan(10);
});

test('an ordinary photo goes by dozens of rows, and what is too large is not planned', () => {
  const photo: Need = {
    ...{ rawRow: 0, sourceRow: 2646 * 3, windowRow: 688, betweenRow: 0, resultRow: 672 },
    ...{ tapsY: 24, overrun: 72, axisX: 22_400, axisY: 22_400 },
  };
  expect(planStrips(photo)?.rows).toBe(16);
  expect(planStrips({ ...photo, sourceRow: 640 * 3 })?.rows).toBe(64);
  expect(planStrips({ ...photo, sourceRow: KERNEL_MEMORY / 4 })).toBeUndefined();
  expect(planStrips({ ...photo, axisX: KERNEL_MEMORY })).toBeUndefined();
});
