/** How many predictions a request gets: one rule for every engine and transport. */
import { DEFAULT_TOP } from './engine.ts';
import { TwinlensError } from './errors.ts';

/** A model can't have more classes. */
export const MAX_TOP = 100_000;

/**
 * More than the model has classes gives all: who asks can't know them for sure while versions change.
 * Throws INVALID_ARGUMENT for what is no number of predictions at all.
 */
export function predictionsOf(top: number = DEFAULT_TOP, classes: number): number {
  if (!Number.isInteger(top) || top < 1 || top > MAX_TOP) {
    throw new TwinlensError('INVALID_ARGUMENT', `top is ${top}; it must be a whole number from 1 to ${MAX_TOP}.`);
  }
  return Math.min(top, classes);
}
