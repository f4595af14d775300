/**
 * How other servers form batches, as the sources or documents of each say (read in 2026; the models are our own). Each is a policy: it is
 * told of requests and of servers that are free, and sends batches. None knows the time but by its loop.
 *
 * Left out, in their favour: what their own work costs, and how BentoML learns at its start (it begins with the true
 * line). They know no deadline of a request; where they have a limit of time or length, it is among the settings tried.
 */
// @ts-check
import { largest, runMs } from './curves.mjs';

/**
 * @typedef {{readonly at: number, readonly deadline: number}} Asked one request: when it came, until when it counts
 * @typedef {object} Policy
 * @property {(request: Asked) => void} add
 * @property {() => void} freed a server has become free
 * @property {() => Promise<void>} [settled] resolves when it has done what it does after an event
 *
 * @typedef {object} World
 * @property {import('./loop.mjs').Loop} loop
 * @property {import('./curves.mjs').Machine} machine
 * @property {number} deadlineMs
 * @property {() => number} idle servers that are free
 * @property {(batch: readonly Asked[], size?: number, told?: (ms: number) => void) => void} run on a free server;
 *   `size` if it is filled up, `told` how long it took when it is done
 * @property {(request: Asked) => void} refuse
 *
 * @typedef {(world: World) => Policy} Create
 */

const powersOfTwo = (/** @type {number} */ most) =>
  Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, at) => 2 ** at);

/**
 * Triton's dynamic batcher (triton-inference-server/core: src/dynamic_batch_scheduler.cc).
 * @param {World} world @param {{delayMs: number, preferred: readonly number[], timeoutMs: number}} options
 * @returns {Policy}
 */
function triton({ loop, machine, idle, run, refuse }, { delayMs, preferred, timeoutMs }) {
  const most = largest(machine);
  const mostPreferred = Math.max(...preferred);
  /** @type {Asked[]} */
  const queue = [];
  /** @type {() => void} */
  let stop = () => undefined;
  const pump = () => {
    stop();
    for (let first = queue[0]; first && first.at + timeoutMs <= loop.now; first = queue[0]) {
      queue.shift();
      refuse(first);
    }
    while (idle() > 0) {
      const [oldest] = queue;
      if (!oldest) return;
      const pending = Math.min(queue.length, most);
      const late = delayMs > 0 && loop.now >= oldest.at + delayMs - 1e-9;
      const best = preferred.findLast((size) => size <= pending);
      if (best !== undefined && !late) run(queue.splice(0, best));
      else if (late || delayMs === 0 || pending >= mostPreferred) run(queue.splice(0, pending));
      else {
        stop = loop.at(oldest.at + delayMs, pump);
        return;
      }
    }
  };
  return {
    add(request) {
      queue.push(request);
      pump();
    },
    freed: pump,
  };
}

/**
 * TensorFlow Serving's batching (tensorflow/serving: tensorflow_serving/batching/README.md).
 * @param {World} world @param {{timeoutMs: number, allowed: readonly number[] | undefined, mostBatches: number}} options
 * @returns {Policy}
 */
function tensorflowServing({ loop, machine, idle, run, refuse }, { timeoutMs, allowed, mostBatches }) {
  const most = largest(machine);
  /** The last one is open. @type {Asked[][]} */
  const batches = [];
  /** @type {() => void} */
  let stop = () => undefined;
  const pump = () => {
    stop();
    while (idle() > 0) {
      const [first] = batches;
      const opened = first?.[0]?.at;
      if (!first || opened === undefined) return;
      if (batches.length === 1 && first.length < most && loop.now < opened + timeoutMs - 1e-9) {
        stop = loop.at(opened + timeoutMs, pump);
        return;
      }
      batches.shift();
      run(
        first,
        allowed?.find((size) => size >= first.length),
      );
    }
  };
  return {
    add(request) {
      const open = batches.at(-1);
      if (open && open.length < most) open.push(request);
      else if (batches.length < mostBatches) batches.push([request]);
      else refuse(request);
      pump();
    },
    freed: pump,
  };
}

const TICK_MS = 1;
const REFRESH_MS = 5000;
const SAMPLES = 50;
const DECAY = 0.95;

/** Least squares of ms = a * size + b. @param {readonly {size: number, ms: number}[]} samples */
function fitted(samples) {
  const mean = (/** @type {(sample: {size: number, ms: number}) => number} */ of) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [size, ms] = [mean((sample) => sample.size), mean((sample) => sample.ms)];
  const variance = mean((sample) => (sample.size - size) ** 2);
  // All of one size: of the lines through it the shortest one, as numpy's lstsq has it.
  if (variance < 1e-9) return { a: (ms * size) / (size ** 2 + 1), b: ms / (size ** 2 + 1) };
  const a = mean((sample) => (sample.size - size) * (sample.ms - ms)) / variance;
  return { a: Math.max(1e-3, a), b: Math.max(0, ms - a * size) };
}

/**
 * BentoML's adaptive batching (bentoml/BentoML: src/bentoml/_internal/marshal/dispatcher.py): looks once a
 * millisecond, takes the newest first, drops the oldest by what it expects.
 * @param {World} world @param {{latencyMs: number, most: number}} options
 * @returns {Policy}
 */
function bentoml({ loop, machine, idle, run, refuse }, { latencyMs, most }) {
  /** @type {Asked[]} */
  const queue = [];
  /** @type {{size: number, ms: number, waited: number}[]} */
  let samples = [];
  let line = fitted(powersOfTwo(largest(machine)).map((size) => ({ size, ms: runMs(machine, size) })));
  let waitMs = 10;
  let refreshed = Number.NEGATIVE_INFINITY;
  let looking = false;
  const learn = (/** @type {number} */ size, /** @type {number} */ waited) => {
    samples = [...samples, { size, ms: runMs(machine, size), waited }].slice(-SAMPLES);
    if (loop.now < refreshed + REFRESH_MS) return;
    refreshed = loop.now;
    line = fitted(samples);
    waitMs = samples.reduce((sum, sample) => sum + sample.waited, 0) / samples.length;
  };
  const look = () => {
    looking = false;
    for (;;) {
      const [oldest] = queue;
      const newest = queue.at(-1);
      if (!oldest || !newest) return;
      const { length: n } = queue;
      const waited = loop.now - oldest.at;
      const busy = idle() === 0;
      const late = n > 1 ? waited + line.a * n + line.b >= latencyMs : busy && waited >= latencyMs;
      if (late) {
        queue.shift();
        refuse(oldest);
        continue;
      }
      if (busy || (n < most && n * (loop.now - newest.at + TICK_MS + line.a) <= waitMs * DECAY)) {
        looking = true;
        loop.after(TICK_MS, look);
        return;
      }
      const batch = queue.splice(-Math.min(n, most)).reverse();
      learn(batch.length, loop.now - (batch.at(-1)?.at ?? loop.now));
      run(batch);
    }
  };
  return {
    add(request) {
      queue.push(request);
      if (!looking) look();
    },
    freed() {
      // Seen with the next look.
    },
  };
}

/**
 * Each with the settings that are tried.
 * @param {import('./curves.mjs').Machine} machine @param {number} deadlineMs @returns {Record<string, Create[]>}
 */
export function rivals(machine, deadlineMs) {
  const most = largest(machine);
  const single = runMs(machine, 1);
  const whole = runMs(machine, most);
  const delays = [0, single / 2, 2 * single];
  return {
    Triton: delays.flatMap((delayMs) =>
      [[most], powersOfTwo(most)].flatMap((preferred) =>
        [deadlineMs, deadlineMs - whole / 2, deadlineMs - whole].map(
          (timeoutMs) => (/** @type {World} */ world) => triton(world, { delayMs, preferred, timeoutMs }),
        ),
      ),
    ),
    'TF Serving': delays.flatMap((timeoutMs) =>
      [undefined, powersOfTwo(most)].flatMap((allowed) =>
        [2, 3, 4, 100].map(
          (mostBatches) => (/** @type {World} */ world) =>
            tensorflowServing(world, { timeoutMs, allowed, mostBatches }),
        ),
      ),
    ),
    // It stays one below its max_batch_size, which is set that much higher.
    BentoML: [deadlineMs, 0.8 * deadlineMs, 0.6 * deadlineMs].map(
      (latencyMs) => (/** @type {World} */ world) => bentoml(world, { latencyMs, most }),
    ),
  };
}
