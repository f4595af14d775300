/** The options that benchmarks share. */
// @ts-check
import { parseArgs } from 'node:util';
import { benchModels } from './models.mjs';
import { RIVALS } from './rivals/rivals.mjs';

const MOST_SECONDS = 600;
const MOST_ROUNDS = 50;

/** @param {string} name @param {string} text @param {number} most */
export function bounded(name, text, most) {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0 && number <= most) return number;
  throw new Error(`--${name} must be a number above 0 and at most ${most}.`);
}

/**
 * `--seconds` of a turn, `--rounds`, `--models` and `--rivals` (names with commas; `--rivals none` for none).
 * @param {{seconds: number, rounds: number}} defaults
 */
export async function benchOptions(defaults) {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: String(defaults.seconds) },
      rounds: { type: 'string', default: String(defaults.rounds) },
      models: { type: 'string' },
      rivals: { type: 'string' },
    },
  });
  const seconds = bounded('seconds', values.seconds, MOST_SECONDS);
  const rounds = Math.round(bounded('rounds', values.rounds, MOST_ROUNDS));
  const named = values.models?.split(',');
  const rivals = values.rivals?.split(',');
  return {
    seconds,
    rounds,
    /** Long enough for compilers and caches, and no longer than what is measured. */
    warmUpSeconds: Math.min(2, seconds / 2),
    models: (await benchModels()).filter(({ name }) => !named || named.includes(name)),
    rivals: RIVALS.filter(({ name }) => !rivals || rivals.includes(name)),
  };
}

/** Where a benchmark says what it does now; its rows go to stdout. @param {string} line */
export const say = (line) => void process.stderr.write(`${line}\n`);
