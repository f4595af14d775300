/** What became of the requests of a load: how many were answered, refused with which code, and how long each took. */
// @ts-check
import { quantile } from './figures.mjs';

/**
 * @typedef {object} Outcome
 * @property {number} count
 * @property {number} perSecond
 * @property {number} p50
 * @property {number} p99 milliseconds
 */

/** @typedef {Record<string, Outcome>} Outcomes by code; `OK` for answers */

export class OutcomeBook {
  /** @type {Map<string, number[]>} */
  #times = new Map();

  /** @param {string} code @param {number} ms */
  add(code, ms) {
    const times = this.#times.get(code);
    if (times) times.push(ms);
    else this.#times.set(code, [ms]);
  }

  /** @param {number} seconds that were counted @returns {Outcomes} */
  report(seconds) {
    const entries = [...this.#times].map(([code, times]) => {
      const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
      return [code, { count: times.length, perSecond: times.length / seconds, p50, p99 }];
    });
    return Object.fromEntries(entries);
  }
}

/** @type {Outcome} */
const NONE = { count: 0, perSecond: 0, p50: Number.NaN, p99: Number.NaN };

/** @param {Outcomes | undefined} outcomes @param {string} [code] @returns {Outcome} */
export const outcomeOf = (outcomes, code = 'OK') => outcomes?.[code] ?? NONE;

/** Such as "QUEUE_FULL 12, ENGINE_FAILED 1"; empty where all were answered. @param {Outcomes | undefined} outcomes */
export const failuresText = (outcomes = {}) =>
  Object.entries(outcomes)
    .filter(([code]) => code !== 'OK')
    .map(([code, { count }]) => `${code} ${count}`)
    .join(', ');
