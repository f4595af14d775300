/** From what a model gave on the CPU to the goldens of its manifest, and to whether it ends in a softmax. Pure. */
import { TwinlensError } from '../../core/errors.ts';
import type { Manifest, OutputSpec, Variant } from '../../core/manifest.ts';
import { probabilities, topK } from '../../core/scores.ts';

const TOP = 10;
/** How far the sum of probabilities may be from 1. */
const SUM_TOLERANCE = 1e-3;

/**
 * Largest difference of a score. Floats: as between any two kinds of providers (1e-3). 8-bit integers are
 * multiplied by other instructions on other processors, whose intermediate sums saturate differently; halves are
 * added up in another order and precision on each.
 */
export const TOLERANCES: Readonly<Record<Variant['name'], number>> = {
  fp32: 0.001,
  w16: 0.001,
  fp16: 0.01,
  int8: 0.02,
};

/** `softmax` when the values of every picture are probabilities already. */
export function activationOf(scores: readonly Float32Array[]): OutputSpec['activation'] {
  const done = scores.every((values) => {
    let sum = 0;
    for (const value of values) {
      if (value < 0) return false;
      sum += value;
    }
    return Math.abs(sum - 1) <= SUM_TOLERANCE;
  });
  return done ? 'softmax' : 'none';
}

/** Throws INVALID_ARGUMENT when the model gave something else than one finite number a class. */
export function checkScores(scores: readonly Float32Array[], classes: number, output: string): void {
  for (const values of scores) {
    if (values.length !== classes) {
      throw new TwinlensError(
        'INVALID_ARGUMENT',
        `The output ${output} gave ${values.length} numbers a picture, but there are ${classes} class names; give one name a number, in its order.`,
      );
    }
    if (!values.every(Number.isFinite)) {
      throw new TwinlensError(
        'INVALID_ARGUMENT',
        `The output ${output} gave values that are no finite numbers; the model is broken, or not made for float32.`,
      );
    }
  }
}

/** Largest difference of any probability. */
export function largestDifference(
  some: readonly Float32Array[],
  others: readonly Float32Array[],
  output: OutputSpec,
): number {
  let largest = 0;
  for (const [at, values] of some.entries()) {
    const other = others[at];
    if (other?.length !== values.length) return Number.POSITIVE_INFINITY;
    const expected = probabilities(values, output);
    for (const [index, score] of probabilities(other, output).entries()) {
      largest = Math.max(largest, Math.abs(score - (expected[index] ?? Number.POSITIVE_INFINITY)));
    }
  }
  return largest;
}

/** Six digits: far below any tolerance. */
const rounded = (score: number): number => Math.min(1, Math.max(0, Number(score.toFixed(6))));

/** @param images paths inside the package, one for each of `scores` */
export function toGoldens(
  images: readonly string[],
  scores: readonly Float32Array[],
  output: OutputSpec,
  tolerance: number,
): Manifest['goldens'] {
  return images.map((image, at) => {
    const best = topK(probabilities(scores[at] ?? new Float32Array(), output), Math.min(TOP, output.classes));
    return { image, top: best.map(({ index, score }) => ({ index, score: rounded(score) })), tolerance };
  });
}
