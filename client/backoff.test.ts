import { expect, it } from 'vitest';
import { backoffMs, DEFAULT_BACKOFF } from './backoff.ts';

it('draws from 0 to a bound that doubles and stops at the cap', () => {
  const options = { baseMs: 100, capMs: 1_000 };
  expect([1, 2, 3, 4, 5, 99].map((failures) => backoffMs(failures, () => 0.5, options))).toEqual([
    50, 100, 200, 400, 500, 500,
  ]);
  expect(backoffMs(7, () => 0, options)).toBe(0);
});

it('stays finite after any number of failures', () => {
  expect(backoffMs(1e9, () => 0.999, DEFAULT_BACKOFF)).toBeLessThan(DEFAULT_BACKOFF.capMs);
});
