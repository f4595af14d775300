/**
 * JPEGs over HTTP, 32 connections: the gateway beside the limit (the same work in processes without a server) and
 * beside its rivals, in turn.
 *
 *   node bench/http.mjs [--seconds 5] [--rounds 5] [--models NAME,..] [--rivals NAME,..|none]
 */
// @ts-check
import { buildGateway } from '../scripts/build.mjs';
import { contenderTable, gatewayContender, rivalContenders, startGenerator } from './contenders.mjs';
import { median } from './figures.mjs';
import { PICTURE_WAYS, startLimit, wayText } from './limit.mjs';
import { benchOptions, say } from './options.mjs';
import { photoPaths } from './photos.mjs';
import { printRows, record } from './record.mjs';
import { rivalVersions } from './rivals/rivals.mjs';
import { interleave, ratios, spread, spreadText } from './rounds.mjs';

const CONNECTIONS = 32;
const OF_LIMIT = 0.9;
const OF_RIVAL = 1.3;
const OF_P99 = 0.5;
const COMMAND = 'node bench/http.mjs';
const FIGURE = 'JPEG to top 5 over HTTP, 32 connections';

/** @typedef {import('./generator.mjs').LoadReport} LoadReport */

const { seconds, rounds, warmUpSeconds, models, rivals } = await benchOptions({ seconds: 5, rounds: 5 });
await buildGateway();
const { paths: photos, about } = photoPaths();
const generator = startGenerator();
const perSecond = (/** @type {readonly {perSecond: number}[]} */ reports) => reports.map((report) => report.perSecond);
const p99 = (/** @type {readonly {p99: number}[]} */ reports) => reports.map((report) => report.p99);

/** @param {import('./models.mjs').BenchModel} model @returns {Promise<import('./record.mjs').Row[]>} */
async function measure(model) {
  const limit = startLimit({ folder: model.folder, work: 'pictures', photos });
  /** @type {(() => Promise<unknown>)[]} */
  const ends = [limit.stop];
  try {
    say(`${model.name}: trying the limit's ways`);
    const { way } = await limit.best(PICTURE_WAYS, Math.min(2, seconds));
    const load = { photos, connections: CONNECTIONS, trySeconds: Math.min(3, seconds) };
    const gateway = await gatewayContender(model, generator, load);
    ends.push(gateway.stop);
    const { contenders, absent } = await rivalContenders(rivals, model, generator, load);
    ends.push(...contenders.map(({ stop }) => stop));
    /** @type {import('./rounds.mjs').Subject<LoadReport>} */
    const bare = {
      name: 'limit',
      run: async (time) => {
        const { perSecond: done, p50, machineCpu } = await limit.run(way, time);
        return {
          perSecond: done,
          p50,
          p90: Number.NaN,
          p99: Number.NaN,
          failed: {},
          ownCpu: Number.NaN,
          machineCpu,
          sample: '',
        };
      },
    };
    const subjects = [bare, gateway, ...contenders];
    let foreign = 0;
    const onForeign = (/** @type {number} */ part) => {
      foreign = Math.max(foreign, part);
    };
    const seen = await interleave(subjects, { rounds, warmUpSeconds, seconds, say, onForeign });
    const [ofLimit = [], ours = [], ...others] = seen;
    const share = spread(ratios(perSecond(ours), perSecond(ofLimit)));
    const list = [
      { title: 'no server', about: wayText(way), reports: ofLimit.map((report) => ({ ...report, p50: Number.NaN })) },
      { ...gateway, reports: ours },
      ...contenders.map((contender, at) => ({ ...contender, reports: others[at] ?? [] })),
    ];
    const detail = [
      `${about}; ${rounds} rounds of ${seconds} s. Other programs took at most ${(foreign * 100).toFixed(1)} % of the cores in a turn.`,
      '',
      contenderTable(list),
      '',
      ...absent.map((why) => `- ${why}`),
    ];
    /** @type {import('./record.mjs').Row[]} */
    const rows = [
      {
        id: 'http-limit',
        figure: `${FIGURE}, ${model.name}: throughput / limit without a server`,
        goal: `>= ${OF_LIMIT.toFixed(2)}`,
        measured: `${spreadText(share)}, ${median(perSecond(ours)).toFixed(0)} of ${median(perSecond(ofLimit)).toFixed(0)} images/s`,
        met: share.median >= OF_LIMIT,
        detail: detail.join('\n'),
        command: COMMAND,
      },
    ];
    const ranked = contenders
      .map(({ title }, at) => ({ title, reports: others[at] ?? [] }))
      .sort((one, other) => median(perSecond(other.reports)) - median(perSecond(one.reports)));
    const best = ranked[0];
    if (!best) return rows;
    const ratio = spread(ratios(perSecond(ours), perSecond(best.reports)));
    const tail = spread(ratios(p99(ours), p99(best.reports)));
    rows.push({
      id: 'http-rival',
      figure: `${FIGURE}, ${model.name}: throughput / best rival, and p99 / its p99`,
      goal: `>= ${OF_RIVAL}, p99 <= ${OF_P99}`,
      measured: `${spreadText(ratio)}, p99 ${spreadText(tail)}; best rival: ${best.title}`,
      met: ratio.median >= OF_RIVAL && tail.median <= OF_P99,
      command: COMMAND,
    });
    return rows;
  } finally {
    await Promise.all(ends.map((end) => end()));
  }
}

try {
  const rows = [];
  for (const model of models) rows.push(...(await measure(model)));
  printRows(rows);
  record('http', rows, Object.assign({}, ...rivals.map(rivalVersions)));
} finally {
  await generator.stop();
}
