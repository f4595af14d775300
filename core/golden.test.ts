import { expect, test } from 'vitest';
import { checkGolden } from './golden.ts';
import type { Golden } from './manifest.ts';

const golden: Golden = {
  image: 'goldens/clock.png',
  top: [
    { index: 2, score: 0.75 },
    { index: 0, score: 0.125 },
  ],
  tolerance: 0.0625,
};

test.each([
  ['the same scores pass', [0.125, 0.5, 0.75], true, 0],
  ['a difference of just the tolerance passes', [0.125, 0, 0.8125], true, 0.0625],
  ['a larger one fails, upwards', [0.125, 0, 0.875], false, 0.125],
  ['and downwards', [0, 0, 0.75], false, 0.125],
  ['classes that the golden does not name are not compared', [0.125, 0.9, 0.75], true, 0],
  ['a class that is missing fails', [0.125, 0], false, Number.POSITIVE_INFINITY],
  ['a score that is no number fails', [Number.NaN, 0, 0.75], false, Number.POSITIVE_INFINITY],
] as const)('%s', (_title, scores, ok, largest) => {
  const result = checkGolden(golden, Float32Array.from(scores));
  expect(result).toMatchObject({ ok, largest });
  expect(result.message).toContain('goldens/clock.png');
});
