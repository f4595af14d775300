/**
 * How things are compared: in turn, A B A B, each warmed up before it is measured, so that whatever else the machine
 * does falls on all alike. Figures are medians with their range; ratios are taken round by round. Knows nothing of
 * what is measured.
 */
// @ts-check
import { median } from './figures.mjs';

/**
 * @template T
 * @typedef {object} Subject
 * @property {string} name
 * @property {() => Promise<unknown>} [wake] before its turn
 * @property {(seconds: number) => Promise<T>} run works for so long and tells what it saw
 * @property {() => Promise<unknown>} [rest] after its turn, so that it takes nothing from the others
 */

/**
 * @template T
 * @param {readonly Subject<T>[]} subjects
 * @param {{rounds: number, warmUpSeconds: number, seconds: number, say?: (line: string) => void}} options
 * @returns {Promise<T[][]>} by subject, then by round
 */
export async function interleave(subjects, { rounds, warmUpSeconds, seconds, say = () => undefined }) {
  /** @type {T[][]} */
  const seen = subjects.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { name, wake, run, rest }] of subjects.entries()) {
      say(`round ${round + 1} of ${rounds}: ${name}`);
      await wake?.();
      try {
        if (warmUpSeconds > 0) await run(warmUpSeconds);
        seen[at]?.push(await run(seconds));
      } finally {
        await rest?.();
      }
    }
  }
  return seen;
}

/** @typedef {{median: number, low: number, high: number}} Spread */

/** @param {readonly number[]} list @returns {Spread} */
export const spread = (list) => ({ median: median(list), low: Math.min(...list), high: Math.max(...list) });

/** Round by round. @param {readonly number[]} ours @param {readonly number[]} theirs */
export const ratios = (ours, theirs) => ours.map((value, round) => value / (theirs[round] ?? Number.NaN));

/** Such as "0.91 (0.89 to 0.93)". @param {Spread} spread @param {number} [digits] @param {string} [unit] */
export function spreadText({ median: middle, low, high }, digits = 2, unit = '') {
  const text = (/** @type {number} */ value) => value.toFixed(digits);
  return `${text(middle)}${unit} (${text(low)} to ${text(high)})`;
}
