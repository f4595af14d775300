/**
 * The gateway's batching beside that of Triton, TensorFlow Serving and BentoML, in a simulation of events: no clock but
 * its own, the same arrivals for all (by seed), what batches cost from bench/simulation/curves.mjs. Of every other
 * server the setting counts that does best at just that load, as if its operator had known; the gateway has its
 * defaults everywhere.
 *
 *   node bench/simulation.mjs [--seconds 120]
 *
 * `--seconds` says how many requests are simulated: with fewer the intervals are wider. It takes about as long.
 */
// @ts-check
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildGateway } from '../scripts/build.mjs';
import { root } from '../scripts/run.mjs';
import { quantile } from './figures.mjs';
import { printRows, record } from './record.mjs';
import { arrivals } from './simulation/arrivals.mjs';
import { largest, machines, runMs } from './simulation/curves.mjs';
import { ours } from './simulation/ours.mjs';
import { rivals } from './simulation/rivals.mjs';
import { simulate } from './simulation/simulate.mjs';

const LOADS = [0.3, 0.6, 0.9, 1.2];
/** A request counts if it is answered within so many runs of the largest batch: tight enough that waiting can hurt. */
const DEADLINE_RUNS = 3;
/** Requests of a trial for each of --seconds; with fewer than the least a trial ends before its first deadline. */
const REQUESTS_A_SECOND = 10;
const LEAST_REQUESTS = 300;
/** As many trials of each policy; few in a run that only shows that it ends. */
const SEEDS = 8;
const FEW_SEEDS = 2;
const SHORT_SECONDS = 10;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '120' } } });
const seconds = Number(values.seconds);
const seeds = Array.from({ length: seconds < SHORT_SECONDS ? FEW_SEEDS : SEEDS }, (_, at) => at + 1);
const requests = Math.max(LEAST_REQUESTS, Math.round(seconds * REQUESTS_A_SECOND));

await buildGateway();
/** @type {typeof import('../gateway/scheduling/index.ts')} */
const scheduling = await import(pathToFileURL(join(root, 'dist/gateway/scheduling/index.js')).href);

const mean = (/** @type {readonly number[]} */ list) => list.reduce((sum, value) => sum + value, 0) / list.length;

/** Two-sided 95 % of Student's distribution, by degrees of freedom. */
const STUDENT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13];

/** Half of the interval that holds the mean with 95 %. @param {readonly number[]} list */
function halfInterval(list) {
  if (list.length < 2) return Number.POSITIVE_INFINITY;
  const middle = mean(list);
  const variance = list.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (list.length - 1);
  return (STUDENT[list.length - 2] ?? 1.96) * Math.sqrt(variance / list.length);
}

/**
 * @param {Omit<import('./simulation/simulate.mjs').Trial, 'seed' | 'create'>} trial
 * @param {import('./simulation/simulate.mjs').Trial['create']} create
 */
async function overSeeds(trial, create) {
  const goodput = [];
  const latencies = [];
  for (const seed of seeds) {
    const outcome = await simulate({ ...trial, seed, create });
    goodput.push(outcome.goodput);
    latencies.push(...outcome.latencies);
  }
  return { goodput, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

const percent = (/** @type {number} */ share) => (100 * share).toFixed(1);
const head = ['machine', 'arrivals', 'load', 'Twinlens', 'Triton', 'TF Serving', 'BentoML', 'Twinlens - best (95 %)'];
const lines = [`| ${head.join(' | ')} |`, `|${head.map(() => '---|').join('')}`];
let worst = { share: Number.POSITIVE_INFINITY, half: 0, where: '' };
let furthest = { share: Number.NEGATIVE_INFINITY, half: 0, where: '' };
let behind = 0;
let cells = 0;

for (const machine of machines) {
  const deadlineMs = DEADLINE_RUNS * runMs(machine, largest(machine));
  for (const arrival of Object.keys(arrivals))
    for (const load of LOADS) {
      const trial = { machine, arrival, load, deadlineMs, requests };
      const own = await overSeeds(trial, (world) => ours(world, scheduling));
      const show = (/** @type {typeof own} */ { goodput, p50, p99 }) =>
        `${percent(mean(goodput))} (${p50.toFixed(0)} / ${p99.toFixed(0)})`;
      const shown = [];
      let best = own;
      let most = Number.NEGATIVE_INFINITY;
      for (const tried of Object.values(rivals(machine, deadlineMs))) {
        /** @type {typeof own | undefined} */
        let top;
        for (const create of tried) {
          const outcome = await overSeeds(trial, create);
          if (!top || mean(outcome.goodput) > mean(top.goodput)) top = outcome;
        }
        if (!top) throw new Error('Each needs a setting that is tried.');
        shown.push(show(top));
        if (mean(top.goodput) <= most) continue;
        most = mean(top.goodput);
        best = top;
      }
      const differences = own.goodput.map((share, at) => share - (best.goodput[at] ?? 0));
      const [share, half] = [mean(differences), halfInterval(differences)];
      cells += 1;
      if (share + half < 0) behind += 1;
      const where = `${machine.name}, ${arrival}, load ${load}`;
      if (share < worst.share) worst = { share, half, where };
      if (share > furthest.share) furthest = { share, half, where };
      lines.push(
        `| ${[machine.name, arrival, load, show(own), ...shown, `${share < 0 ? '' : '+'}${percent(share)} ± ${percent(half)}`].join(' | ')} |`,
      );
      process.stdout.write(`${lines.at(-1)}\n`);
    }
}
const difference = (/** @type {typeof worst} */ { share, half, where }) =>
  `${share < 0 ? '' : '+'}${percent(share)} ± ${percent(half)} points (${where})`;
const costs = machines.map(({ name, servers, points, source }) => {
  const figures = points.map(([size, ms]) => `${size}: ${Number(ms.toFixed(2))}`).join(', ');
  return `- ${name} (runs at a time: ${servers}), ms by images: ${figures}. Source: ${source}.`;
});
const detail = `Answers within the deadline in percent of the requests that were offered (of the closed loop: of those that would be
offered if answers took no time), in brackets p50 / p99 of the answered in ms. The deadline is ${DEADLINE_RUNS} runs of the largest
batch, ${seeds.length} trials of about ${requests} requests each. The last column is the mean of the differences trial by trial, with 95 %. Of
each other server its best setting at just that load, found afterwards: of Triton delays, preferred sizes and timeouts,
of TF Serving timeouts, allowed sizes and lengths of its queue, of BentoML \`max_latency\`. Twinlens has its defaults.

${lines.join('\n')}

What runs cost:

${costs.join('\n')}`;
const row = {
  id: 'batcher',
  figure: `batching, simulated: goodput within the deadline beside the best of Triton, TF Serving, BentoML, ${cells} loads`,
  goal: 'at least the best at every load',
  measured: `behind (95 %) at ${behind} of ${cells}; from ${difference(worst)} to ${difference(furthest)}`,
  met: behind === 0,
  detail,
  command: 'npm run bench:simulation',
};
printRows([{ ...row, detail: '' }]);
record('simulation', [row]);
