/**
 * What this machine can do without a server: as many processes as keep all cores full. Tries the ways of dividing
 * threads and batches and takes the fastest, so that it is a limit and no straw man. By itself it prints what each way
 * does:
 *
 *   node bench/limit.mjs [--seconds 3]
 */
// @ts-check

import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildGateway } from '../scripts/build.mjs';
import { cores } from './cpu.mjs';
import { machine } from './figures.mjs';
import { startHelper } from './helper.mjs';
import { benchModels } from './models.mjs';
import { photoPaths } from './photos.mjs';

/** @typedef {import('./limit-child.mjs').LimitOrder} LimitOrder */
/** @typedef {import('./limit-child.mjs').LimitReport} LimitReport */
/** @typedef {{processes: number, threads: number, batch: number, lanes: number}} Way */

/** @param {Way} way */
export const wayText = ({ processes, threads, batch, lanes }) =>
  `${processes} x ${threads} thread${threads === 1 ? '' : 's'}, batch ${batch}, ${lanes} in the process at once`;

/** @type {readonly Way[]} */
export const PICTURE_WAYS = [
  { processes: cores, threads: 1, batch: 1, lanes: 1 },
  { processes: cores, threads: 1, batch: 1, lanes: 2 },
  { processes: cores, threads: 1, batch: 1, lanes: 3 },
  { processes: cores, threads: 1, batch: 4, lanes: 2 },
  { processes: 1, threads: cores, batch: 1, lanes: 3 },
];

/** @type {readonly Way[]} */
export const TENSOR_WAYS = [1, 2, 4, 8, 16].flatMap((batch) => [
  { processes: cores, threads: 1, batch, lanes: 1 },
  { processes: 1, threads: cores, batch, lanes: 1 },
]);

/**
 * Processes that work without a server; what they hold, one keeps for the next order.
 * @param {{folder: string, work: LimitOrder['work'], photos: readonly string[]}} options
 */
export function startLimit({ folder, work, photos }) {
  /** @type {ReturnType<typeof startHelper<LimitOrder, LimitReport>>[]} */
  const helpers = Array.from({ length: cores }, () => startHelper('limit-child.mjs'));

  /** @param {Way} way @param {number} seconds */
  async function run({ processes, ...way }, seconds) {
    const order = { folder, work, photos, ...way };
    const working = helpers.slice(0, processes);
    // Sessions and pictures are there before the clock runs.
    await Promise.all(working.map(({ ask }) => ask({ ...order, seconds: 0.05 })));
    const reports = await Promise.all(working.map(({ ask }) => ask({ ...order, seconds }, seconds)));
    const sum = (/** @type {(report: LimitReport) => number} */ of) => reports.reduce((all, one) => all + of(one), 0);
    return {
      perSecond: sum(({ perSecond }) => perSecond),
      p50: sum(({ p50 }) => p50) / reports.length,
      machineCpu: sum(({ machineCpu }) => machineCpu) / reports.length,
    };
  }

  /** The fastest of `ways`, each tried for `seconds`. @param {readonly Way[]} ways @param {number} seconds */
  async function best(ways, seconds) {
    const tried = [];
    for (const way of ways) {
      await run(way, seconds / 2);
      tried.push({ way, ...(await run(way, seconds)) });
    }
    const first = [...tried].sort((one, other) => other.perSecond - one.perSecond)[0];
    if (!first) throw new Error('There is no way to try.');
    return { way: first.way, tried };
  }

  return { run, best, stop: () => Promise.all(helpers.map(({ stop }) => stop())) };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '3' } } });
  await buildGateway();
  const { paths, about } = photoPaths();
  process.stdout.write(`${machine()}; ${about}\n`);
  for (const { name, folder } of await benchModels()) {
    for (const [work, ways] of /** @type {const} */ ([
      ['pictures', PICTURE_WAYS],
      ['tensors', TENSOR_WAYS],
    ])) {
      const limit = startLimit({ folder, work, photos: paths });
      try {
        for (const { way, perSecond, p50, machineCpu } of (await limit.best(ways, Number(values.seconds))).tried) {
          const busy = `${(machineCpu * 100).toFixed(0)} % of the cores busy`;
          process.stdout.write(
            `${name}, ${work}: ${perSecond.toFixed(1)}/s, p50 ${p50.toFixed(2)} ms, ${busy}: ${wayText(way)}\n`,
          );
        }
      } finally {
        await limit.stop();
      }
    }
  }
}
