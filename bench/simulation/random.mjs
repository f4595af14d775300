/** Chance that is the same again for the same seed (mulberry32). */
// @ts-check

/** @param {number} seed @returns {() => number} from 0 up to 1 */
export function seeded(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** With that mean. @param {() => number} random @param {number} mean */
export const exponential = (random, mean) => -Math.log(1 - random()) * mean;

/** Around 1, by about `spread`. @param {() => number} random @param {number} spread */
export const jitter = (random, spread) =>
  Math.exp(spread * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
