/**
 * What the gateway adds to one picture at a time: p50 over HTTP on one connection, less p50 of the same decoding and
 * run in a process without a server, in turn. Beside it, what a server of Node's that only reads the picture takes.
 *
 *   node bench/latency.mjs [--seconds 5] [--rounds 5] [--models NAME,..]
 */
// @ts-check
import { createServer } from 'node:http';
import { buildGateway } from '../scripts/build.mjs';
import { gatewayContender, startGenerator } from './contenders.mjs';
import { startLimit } from './limit.mjs';
import { benchOptions, say } from './options.mjs';
import { photoPaths } from './photos.mjs';
import { printRows, record } from './record.mjs';
import { foreignShare, interleave, spread, spreadText } from './rounds.mjs';

const MOST_MS = 1;
/** As an instance of the gateway has it, with one a core. */
const WAY = { processes: 1, threads: 1, batch: 1, lanes: 1 };

const { seconds, rounds, warmUpSeconds, models } = await benchOptions({ seconds: 5, rounds: 5 });
await buildGateway();
const { paths: photos, about } = photoPaths();
const generator = startGenerator();

const reading = createServer((request, response) => {
  request.resume().once('end', () => response.end('{}'));
});
await new Promise((resolve) => reading.listen(0, '127.0.0.1', () => resolve(undefined)));
const readingPort = /** @type {import('node:net').AddressInfo} */ (reading.address()).port;

/** @param {import('./models.mjs').BenchModel} model @returns {Promise<import('./record.mjs').Row>} */
async function measure(model) {
  const load = { photos, connections: 1 };
  const limit = startLimit({ folder: model.folder, work: 'pictures', photos });
  const gateway = await gatewayContender(model, generator, load);
  try {
    const order = { ...load, port: readingPort, path: '/', form: /** @type {const} */ ('plain') };
    /** @type {import('./rounds.mjs').Subject<{p50: number}>[]} */
    const subjects = [
      { name: 'without a server', run: (time) => limit.run(WAY, time) },
      gateway,
      { name: 'only reading', run: (time) => generator.ask({ ...order, seconds: time }, time) },
    ];
    const { onForeign, text } = foreignShare();
    const seen = await interleave(subjects, { rounds, warmUpSeconds, seconds, say, onForeign });
    const [bare = [], served = [], read = []] = seen.map((reports) => reports.map(({ p50 }) => p50));
    const added = spread(served.map((p50, round) => p50 - (bare[round] ?? Number.NaN)));
    const line = (/** @type {string} */ what, /** @type {number[]} */ list) =>
      `| ${what} | ${spreadText(spread(list))} |`;
    const detail = [
      `${about}, one after another; ${rounds} rounds of ${seconds} s. ${text()}`,
      '',
      '| | p50 ms |',
      '|---|---|',
      line('decode, resize, normalise, run, top 5 in a process without a server, 1 thread', bare),
      line('gateway over HTTP', served),
      line("part of it: a server of Node's http that only reads the picture", read),
    ];
    return {
      id: 'added-latency',
      figure: `One JPEG at a time over HTTP, ${model.name}: p50 that the gateway adds to decode and run`,
      goal: `< ${MOST_MS} ms`,
      measured: spreadText(added, 2, ' ms'),
      met: added.median < MOST_MS,
      detail: detail.join('\n'),
      command: 'node bench/latency.mjs',
    };
  } finally {
    await Promise.all([limit.stop(), gateway.stop()]);
  }
}

try {
  const rows = [];
  for (const model of models) rows.push(await measure(model));
  printRows(rows);
  record('latency', rows);
} finally {
  reading.close();
  await generator.stop();
}
