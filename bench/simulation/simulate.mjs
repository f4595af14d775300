/** One policy on one machine under one load: requests come, servers run, and what became of each is counted. */
// @ts-check
import { arrivals } from './arrivals.mjs';
import { capacity, runMs } from './curves.mjs';
import { Loop } from './loop.mjs';
import { jitter, seeded } from './random.mjs';

/** Runs of one size differ by so much. */
const RUN_SPREAD = 0.03;
/** Share of the time that isn't counted: queues fill, and who learns learns. */
const WARM_UP = 0.2;

/**
 * @typedef {object} Outcome
 * @property {number} goodput answers in time, as a share of the requests that were offered
 * @property {readonly number[]} latencies of the answered, milliseconds
 *
 * @typedef {object} Trial
 * @property {import('./curves.mjs').Machine} machine
 * @property {string} arrival
 * @property {number} load of what the machine can do
 * @property {number} deadlineMs
 * @property {number} requests that are offered, about
 * @property {number} seed
 * @property {(world: import('./rivals.mjs').World) => import('./rivals.mjs').Policy} create
 */

/** @param {Trial} trial @returns {Promise<Outcome>} */
export async function simulate({ machine, arrival, load, deadlineMs, requests, seed, create }) {
  const loop = new Loop();
  const perMs = load * capacity(machine);
  const end = requests / perMs;
  // Counted are those that come from then, and early enough for an answer.
  const [from, until] = [WARM_UP * end, end - deadlineMs];
  const runs = seeded(1_000_000 + seed);
  let idle = machine.servers;
  let good = 0;
  let came = 0;
  /** @type {number[]} */
  const latencies = [];
  /** @type {Map<import('./rivals.mjs').Asked, () => void>} */
  const open = new Map();
  const close = (/** @type {import('./rivals.mjs').Asked} */ request) => {
    open.get(request)?.();
    open.delete(request);
  };
  const policy = create({
    loop,
    machine,
    deadlineMs,
    idle: () => idle,
    refuse: close,
    run: (batch, size = batch.length, told = () => undefined) => {
      if (idle === 0) throw new Error('No server is free.');
      idle -= 1;
      const ms = runMs(machine, size) * jitter(runs, RUN_SPREAD);
      loop.after(ms, () => {
        idle += 1;
        told(ms);
        for (const request of batch) {
          if (!open.has(request)) continue;
          if (request.at >= from && request.at < until) {
            latencies.push(loop.now - request.at);
            if (loop.now <= request.deadline) good += 1;
          }
          close(request);
        }
        policy.freed();
      });
    },
  });
  const arrive = arrivals[arrival];
  if (!arrive) throw new RangeError(`${arrival} is no way of arriving.`);
  arrive({
    loop,
    random: seeded(seed),
    perMs,
    deadlineMs,
    ask: (answered) => {
      const request = { at: loop.now, deadline: loop.now + deadlineMs };
      if (request.at >= from && request.at < until) came += 1;
      open.set(request, answered);
      policy.add(request);
    },
  });
  while (loop.step(end)) if (policy.settled) await policy.settled();
  // Of a closed loop fewer come where answers take long: there it is the offered load that counts.
  return { goodput: good / (arrive === arrivals['closed loop'] ? perMs * (until - from) : came), latencies };
}
