/** The gateway's own scheduler, as it is compiled, on the simulation's clock and servers. */
// @ts-check

import { largest, runMs } from './curves.mjs';
import { jitter, seeded } from './random.mjs';

/** What its warm-up measures is that far from the truth; from there on it learns. */
const MEASURED_SPREAD = 0.03;
/** The default of TWINLENS_BATCH_WAIT_MS. */
const BATCH_WAIT_MS = 2;
/** The default of TWINLENS_QUEUE_MS. */
const QUEUE_MS = 250;
/** Node's timers come no sooner, and not between two milliseconds. */
const TIMER_MS = 1;

/**
 * @param {import('./rivals.mjs').World} world
 * @param {{Scheduler: typeof import('../../gateway/scheduling/index.ts').Scheduler, CostCurve: typeof import('../../gateway/scheduling/index.ts').CostCurve}} scheduling
 * @returns {import('./rivals.mjs').Policy}
 */
export function ours({ loop, machine, idle, run, refuse }, { Scheduler, CostCurve }) {
  const random = seeded(largest(machine));
  const costs = new CostCurve(
    Array.from({ length: largest(machine) }, (_, at) => ({
      size: at + 1,
      ms: runMs(machine, at + 1) * jitter(random, MEASURED_SPREAD),
    })),
  );
  /** @type {() => void} */
  let freed = () => undefined;
  let came = 0;
  /** @type {import('../../gateway/scheduling/index.ts').Scheduler<import('./rivals.mjs').Asked, true>} */
  const scheduler = new Scheduler({
    limits: { maxLength: 100_000, maxQueueMs: QUEUE_MS, maxBatch: largest(machine), maxWaitMs: BATCH_WAIT_MS, costs },
    clock: {
      now: () => loop.now,
      after: (ms, callback) => loop.after(Math.max(TIMER_MS, Math.ceil(ms)), callback),
    },
    onLength: () => undefined,
    runner: {
      room: () => (idle() > 0 ? { instances: machine.servers, idle: idle() } : undefined),
      onCapacity: (listener) => {
        freed = listener;
      },
      run: (batch) =>
        new Promise((resolve) =>
          run(batch, undefined, (ms) => {
            costs.ran(batch.length, ms);
            resolve(batch.map(() => ({ ok: true, result: true })));
          }),
        ),
    },
  });
  return {
    add(request) {
      came += 1;
      scheduler
        .submit(request, { client: `${came}`, priority: 'normal', deadline: request.deadline })
        .catch(() => refuse(request));
    },
    freed: () => freed(),
    settled: () => new Promise((resolve) => setImmediate(resolve)),
  };
}
