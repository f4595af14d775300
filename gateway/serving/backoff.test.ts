import { expect, test } from 'vitest';
import { retryPause } from './backoff.ts';

test('the pause doubles from 5 s to 10 min, and chance takes at most a quarter off', () => {
  expect([1, 2, 3, 7, 8, 5000].map((failures) => retryPause(failures, 0))).toEqual([
    5000, 10_000, 20_000, 320_000, 600_000, 600_000,
  ]);
  expect(retryPause(1, 1)).toBe(3750);
});
