/** Who asks when. Each way of arriving offers `load` times what the machine can do at best, over any longer time. */
// @ts-check
import { exponential } from './random.mjs';

/**
 * @typedef {object} Offered
 * @property {import('./loop.mjs').Loop} loop
 * @property {() => number} random
 * @property {number} perMs requests a millisecond, on average
 * @property {number} deadlineMs
 * @property {(answered: () => void) => void} ask one request; calls back once with its end, whatever that is
 */

/** Each by chance, independent of all others. @param {Offered} offered */
function poisson({ loop, random, perMs, ask }) {
  const next = () => {
    ask(() => undefined);
    loop.after(exponential(random, 1 / perMs), next);
  };
  loop.after(exponential(random, 1 / perMs), next);
}

/** Times with 2.4 times as many, and twice as long ones with 0.3 times as many. @param {Offered} offered */
function bursty({ loop, random, perMs, deadlineMs, ask }) {
  let rate = 0.3 * perMs;
  /** @type {() => void} */
  let stop = () => undefined;
  const next = () => {
    ask(() => undefined);
    wait();
  };
  const wait = () => {
    stop = loop.after(exponential(random, 1 / rate), next);
  };
  const change = () => {
    const burst = rate < perMs;
    rate = (burst ? 2.4 : 0.3) * perMs;
    // What has not come yet comes at the new rate.
    stop();
    wait();
    loop.after(exponential(random, deadlineMs * (burst ? 2 : 4)), change);
  };
  change();
}

/** So many clients, each of which thinks for some time after every answer. @param {Offered} offered */
function closedLoop({ loop, random, perMs, deadlineMs, ask }) {
  const thinkMs = deadlineMs;
  const clients = Math.max(1, Math.round(perMs * thinkMs));
  const think = () => void loop.after(exponential(random, thinkMs), () => ask(think));
  for (let client = 0; client < clients; client += 1) think();
}

/** @type {Readonly<Record<string, (offered: Offered) => void>>} */
export const arrivals = { Poisson: poisson, bursty, 'closed loop': closedLoop };
