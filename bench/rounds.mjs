/**
 * How things are compared: in turn, A B A B, each warmed up before it is measured, so that whatever else the machine
 * does falls on all alike. A turn in which other programs took part of the cores is taken again, a few times. Figures
 * are medians with their range; ratios are taken round by round. Knows nothing of what is measured.
 */
// @ts-check
import { watchOthers } from './cpu.mjs';
import { median } from './figures.mjs';

/** Share of the cores that other programs may take in a turn; above it the turn is taken again. */
const MOST_FOREIGN = 0.03;
const MOST_TRIES = 4;

/**
 * @template T
 * @typedef {object} Subject
 * @property {string} name
 * @property {() => Promise<unknown>} [wake] before its turn
 * @property {(seconds: number) => Promise<T>} run works for so long and tells what it saw
 * @property {() => Promise<unknown>} [rest] after its turn, so that it takes nothing from the others
 */

const nothing = () => undefined;

/** @template T @param {() => Promise<T>} run @param {(line: string) => void} say */
async function quietTurn(run, say) {
  for (let tries = 1; ; tries += 1) {
    const others = watchOthers();
    const result = await run();
    const foreign = others();
    if (!(foreign > MOST_FOREIGN) || tries === MOST_TRIES) return { result, foreign };
    say(`  other programs took ${(foreign * 100).toFixed(0)} % of the cores: once more`);
  }
}

/** Before the first round: a server compiles what it runs often for the first seconds of its work. */
const FIRST_TIMES = 5;

/**
 * @template T
 * @param {readonly Subject<T>[]} subjects
 * @param {{rounds: number, warmUpSeconds: number, seconds: number, say?: (line: string) => void, onForeign?: (share: number) => void}} options
 *   `onForeign`: told what share of the cores others took in a turn that counts
 * @returns {Promise<T[][]>} by subject, then by round
 */
export async function interleave(subjects, { rounds, warmUpSeconds, seconds, say = nothing, onForeign = nothing }) {
  /** @type {T[][]} */
  const seen = subjects.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { name, wake, run, rest }] of subjects.entries()) {
      say(`round ${round + 1} of ${rounds}: ${name}`);
      await wake?.();
      try {
        if (warmUpSeconds > 0) await run(round === 0 ? warmUpSeconds * FIRST_TIMES : warmUpSeconds);
        const { result, foreign } = await quietTurn(() => run(seconds), say);
        seen[at]?.push(result);
        onForeign(foreign);
      } finally {
        await rest?.();
      }
    }
  }
  return seen;
}

/** Keeps the largest share that others took. */
export function foreignShare() {
  let most = 0;
  return {
    onForeign: (/** @type {number} */ share) => {
      most = Math.max(most, share);
    },
    text: () => `Other programs took at most ${(most * 100).toFixed(1)} % of the cores in a turn that counts.`,
  };
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
