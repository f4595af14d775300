/** How long a benchmark is to measure, as its command line says. */
// @ts-check
import { parseArgs } from 'node:util';
import { bounded } from './options.mjs';

const MOST_SECONDS = 600;
const MOST_ROUNDS = 50;
/** Seconds. */
const TRIAL_BELOW = 5;

/**
 * @param {{seconds: number, rounds: number}} defaults
 * @returns {{seconds: number, rounds: number, only: string | undefined, trial: boolean}} `seconds` of each measurement,
 *   `rounds` of them, `only` one row; with few seconds it is a trial, of one round, whose figures say nothing
 */
export function benchLength({ seconds, rounds }) {
  const { values } = parseArgs({
    options: { seconds: { type: 'string' }, rounds: { type: 'string' }, only: { type: 'string' } },
  });
  const asked = bounded('seconds', values.seconds ?? String(seconds), MOST_SECONDS);
  const trial = asked < TRIAL_BELOW;
  return {
    seconds: asked,
    rounds: bounded('rounds', values.rounds ?? String(trial ? 1 : rounds), MOST_ROUNDS),
    only: values.only,
    trial,
  };
}
