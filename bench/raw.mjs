/**
 * Pixels in, top five out: the gateway over one WebSocket with 32 in flight, beside ONNX Runtime alone on tensors that
 * are there, with the threads and the batch that are fastest for it, both in turn.
 *
 *   node bench/raw.mjs [--seconds 5] [--rounds 5] [--models NAME,..]
 */
// @ts-check
import { buildGateway } from '../scripts/build.mjs';
import { comparisonTable, rates } from './comparison.mjs';
import { startModelGateway } from './contenders.mjs';
import { median } from './figures.mjs';
import { startHelper } from './helper.mjs';
import { startLimit, TENSOR_WAYS, wayText } from './limit.mjs';
import { benchOptions, say } from './options.mjs';
import { photoPaths } from './photos.mjs';
import { printRows, record } from './record.mjs';
import { foreignShare, interleave, ratios, spread, spreadText } from './rounds.mjs';

/** @typedef {import('./generator.mjs').LoadReport} LoadReport */

const SIDE = 224;
const IN_FLIGHT = 32;
const OF_RUNTIME = 0.9;
const NO_CLIENT = { p90: Number.NaN, p99: Number.NaN, failed: {}, ownCpu: Number.NaN, sample: '' };

const { seconds, rounds, warmUpSeconds, models } = await benchOptions({ seconds: 5, rounds: 5 });
await buildGateway();
const { paths: photos } = photoPaths();
/** @type {ReturnType<typeof startHelper<import('./pixel-generator.mjs').PixelOrder, LoadReport>>} */
const generator = startHelper('pixel-generator.mjs');

/** @param {import('./models.mjs').BenchModel} model @returns {Promise<import('./record.mjs').Row>} */
async function measure(model) {
  const limit = startLimit({ folder: model.folder, work: 'tensors', photos: [] });
  const gateway = await startModelGateway(model);
  try {
    say(`${model.name}: trying the runtime's ways`);
    const { way, tried } = await limit.best(TENSOR_WAYS, Math.min(1.5, seconds));
    const order = { port: Number(new URL(gateway.base).port), photos, side: SIDE, inFlight: IN_FLIGHT };
    // Makes the pixels and opens everything once.
    await generator.ask({ ...order, seconds: 0.1 });
    /** @type {import('./rounds.mjs').Subject<LoadReport>[]} */
    const subjects = [
      { name: 'ONNX Runtime alone', run: async (time) => ({ ...NO_CLIENT, ...(await limit.run(way, time)) }) },
      { name: 'gateway', run: (time) => generator.ask({ ...order, seconds: time }, time) },
    ];
    const { onForeign, text } = foreignShare();
    const [bare = [], served = []] = await interleave(subjects, { rounds, warmUpSeconds, seconds, say, onForeign });
    const share = spread(ratios(rates(served), rates(bare)));
    const table = comparisonTable([
      { title: 'ONNX Runtime alone', about: wayText(way), reports: bare },
      { title: 'Twinlens gateway', about: `one WebSocket, ${IN_FLIGHT} in flight`, reports: served },
    ]);
    const ways = tried.map((one) => `${wayText(one.way)}: ${one.perSecond.toFixed(0)}/s`).join('; ');
    return {
      id: 'raw-ort',
      figure: `rgb8 ${SIDE} x ${SIDE} over one WebSocket, ${IN_FLIGHT} in flight, ${model.name}: throughput / ONNX Runtime alone`,
      goal: `>= ${OF_RUNTIME.toFixed(2)}`,
      measured: `${spreadText(share)}; ${median(rates(served)).toFixed(0)} of ${median(rates(bare)).toFixed(0)} images/s`,
      met: share.median >= OF_RUNTIME,
      detail: [`${rounds} rounds of ${seconds} s. ${text()}`, '', table, '', `Tried for ONNX Runtime: ${ways}.`].join(
        '\n',
      ),
      command: 'node bench/raw.mjs',
    };
  } finally {
    await Promise.all([limit.stop(), gateway.stop()]);
  }
}

try {
  const rows = [];
  for (const model of models) rows.push(await measure(model));
  printRows(rows);
  record('raw', rows);
} finally {
  await generator.stop();
}
