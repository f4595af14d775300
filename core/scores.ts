/** From a model's output to predictions: softmax, top-k with a defined order, names. */
import { DEFAULT_TOP, type Prediction } from './engine.ts';
import { TwinlensError } from './errors.ts';
import type { OutputSpec } from './manifest.ts';

/** exp(x - max) / sum, summed in double precision. Indexed loops: a callback a value takes ten times as long. */
export function softmax(values: Float32Array): Float32Array<ArrayBuffer> {
  const { length } = values;
  let largest = -Infinity;
  for (let i = 0; i < length; i += 1) if ((values[i] as number) > largest) largest = values[i] as number;
  const powers = new Float64Array(length);
  let sum = 0;
  for (let i = 0; i < length; i += 1) {
    const power = Math.exp((values[i] as number) - largest);
    powers[i] = power;
    sum += power;
  }
  const scores = new Float32Array(length);
  for (let i = 0; i < length; i += 1) scores[i] = (powers[i] as number) / sum;
  return scores;
}

function areFinite(scores: Float32Array): boolean {
  for (let i = 0; i < scores.length; i += 1) if (!Number.isFinite(scores[i])) return false;
  return true;
}

/** The `k` best, best first; equal scores by lower index. Fewer when there are fewer. */
export function topK(scores: Float32Array, k: number): { index: number; score: number }[] {
  const best: { index: number; score: number }[] = [];
  for (let index = 0; index < scores.length; index += 1) {
    const score = scores[index] as number;
    const last = best[best.length - 1];
    if (best.length >= k && last && score <= last.score) continue;
    let at = best.length;
    while (at > 0 && (best[at - 1] as { score: number }).score < score) at -= 1;
    best.splice(at, 0, { index, score });
    if (best.length > k) best.pop();
  }
  return best;
}

/**
 * Probabilities of the raw output. Throws ENGINE_FAILED when the runtime gave another number of values
 * than the manifest says, or values that are no numbers: a broken backend must not look like an answer.
 */
export function probabilities(values: Float32Array, output: OutputSpec): Float32Array {
  if (values.length !== output.classes) {
    throw new TwinlensError(
      'ENGINE_FAILED',
      `The model gave ${values.length} scores, but its manifest says ${output.classes} classes.`,
    );
  }
  const scores = output.activation === 'none' ? softmax(values) : values;
  if (!areFinite(scores)) {
    throw new TwinlensError(
      'ENGINE_FAILED',
      'The model gave scores that are no numbers; the runtime is not working properly here.',
    );
  }
  return scores;
}

/** The best `top` predictions of one image's raw output. Errors: see `probabilities`. */
export function toPredictions(
  values: Float32Array,
  output: OutputSpec,
  classNames: readonly string[],
  top: number = DEFAULT_TOP,
): Prediction[] {
  return topK(probabilities(values, output), top).map(({ index, score }) => ({
    label: classNames[index] ?? `class ${index}`,
    index,
    score,
  }));
}
