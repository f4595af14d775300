/** Compares what a runtime gave for a golden with what the independent reference gave. */
import type { Golden } from './manifest.ts';

export interface GoldenResult {
  readonly ok: boolean;
  /** Largest difference of any score that the golden names; Infinity where one is missing or no number. */
  readonly largest: number;
  readonly message: string;
}

/** @param scores probabilities of every class */
export function checkGolden(golden: Golden, scores: Float32Array): GoldenResult {
  let largest = 0;
  for (const { index, score } of golden.top) {
    const got = scores[index];
    const difference = got === undefined || !Number.isFinite(got) ? Number.POSITIVE_INFINITY : Math.abs(got - score);
    largest = Math.max(largest, difference);
  }
  const ok = largest <= golden.tolerance;
  const difference = Number.isFinite(largest)
    ? `differs by ${largest.toPrecision(3)} from the reference`
    : 'is missing';
  const message = ok
    ? `${golden.image}: scores within ${golden.tolerance} of the reference`
    : `${golden.image}: a score ${difference}; at most ${golden.tolerance} is allowed`;
  return { ok, largest, message };
}
