import sharp from 'sharp';
import { expect, test } from 'vitest';
import { checkGolden } from '../../core/golden.ts';
import { probabilities } from '../../core/scores.ts';
import { activationOf, checkScores, largestDifference, toGoldens } from './goldens.ts';
import { drawPictures } from './pictures.ts';

const output = { name: 'y', activation: 'none', classNames: 'classes.json', classes: 3 } as const;
const logits = Float32Array.of(3, -1, 0.5);
const sums = Float32Array.of(0.7, 0.2, 0.1);

test.each([
  ['probabilities of every picture', [sums, Float32Array.of(1, 0, 0)], 'softmax'],
  ['logits', [logits], 'none'],
  ['one picture that sums to 1 by chance', [sums, logits], 'none'],
  ['logits that sum to 1', [Float32Array.of(2, -1, 0)], 'none'],
  ['sigmoids', [Float32Array.of(0.9, 0.8, 0.1)], 'none'],
] as const)('%s: the activation is known by what the model gives', (_title, scores, expected) => {
  expect(activationOf(scores)).toBe(expected);
});

test('scores of another number, or that are no numbers, are refused', () => {
  expect(() => checkScores([logits], 4, 'y')).toThrow(/3 numbers a picture, but there are 4 class names/);
  expect(() => checkScores([Float32Array.of(1, Number.NaN, 0)], 3, 'y')).toThrow(/no finite numbers/);
  expect(() => checkScores([logits], 3, 'y')).not.toThrow();
});

test('goldens hold the best classes, and what made them passes them', () => {
  const [golden] = toGoldens(['goldens/a.png'], [logits], output, 0.001);
  expect(golden).toMatchObject({ image: 'goldens/a.png', tolerance: 0.001 });
  expect(golden?.top.map(({ index }) => index)).toEqual([0, 2, 1]);
  if (!golden) throw new Error('no golden');
  expect(checkGolden(golden, probabilities(logits, output)).ok).toBe(true);
  expect(checkGolden(golden, probabilities(sums, output)).ok).toBe(false);
});

test('two runs are as far apart as their farthest score', () => {
  expect(largestDifference([logits], [logits], output)).toBe(0);
  expect(largestDifference([sums], [Float32Array.of(0.6, 0.3, 0.1)], { ...output, activation: 'softmax' })).toBeCloseTo(
    0.1,
  );
  expect(largestDifference([logits], [], output)).toBe(Number.POSITIVE_INFINITY);
});

test('the pictures are plain RGB, the same each time, and of no size that a model takes', async () => {
  const [once, again] = await Promise.all([drawPictures(), drawPictures()]);
  expect(once.map(({ data }) => Buffer.from(data).toString('base64'))).toEqual(
    again.map(({ data }) => Buffer.from(data).toString('base64')),
  );
  for (const { data } of once) {
    const { format, channels, icc, width, height } = await sharp(data).metadata();
    expect({ format, channels, icc }).toEqual({ format: 'png', channels: 3, icc: undefined });
    expect(width).not.toBe(height);
    expect(data.length).toBeLessThan(250_000);
  }
});
