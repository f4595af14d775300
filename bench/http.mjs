/**
 * JPEGs over HTTP, 32 connections: the gateway beside the limit (the same work in processes without a server) and
 * beside its rivals, in turn.
 *
 *   node bench/http.mjs [--seconds 5] [--rounds 5] [--models NAME,..] [--rivals NAME,..|none]
 */
// @ts-check
import { buildGateway } from '../scripts/build.mjs';
import { comparisonTable, rates, rivalRow } from './comparison.mjs';
import { gatewayContender, rivalContenders, startGenerator } from './contenders.mjs';
import { median } from './figures.mjs';
import { PICTURE_WAYS, startLimit, wayText } from './limit.mjs';
import { benchOptions, say } from './options.mjs';
import { photoPaths } from './photos.mjs';
import { printRows, record } from './record.mjs';
import { rivalVersions } from './rivals/rivals.mjs';
import { foreignShare, interleave, ratios, spread, spreadText } from './rounds.mjs';

const CONNECTIONS = 32;
const OF_LIMIT = 0.9;
const COMMAND = 'node bench/http.mjs';
const FIGURE = `JPEG to top 5 over HTTP, ${CONNECTIONS} connections`;

/** What only those who ask see. */
const NO_CLIENT = { p90: Number.NaN, p99: Number.NaN, failed: {}, ownCpu: Number.NaN, sample: '' };

const { seconds, rounds, warmUpSeconds, models, rivals } = await benchOptions({ seconds: 5, rounds: 5 });
await buildGateway();
const { paths: photos, about } = photoPaths();
const generator = startGenerator();

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
    /** @type {import('./rounds.mjs').Subject<import('./generator.mjs').LoadReport>} */
    const bare = { name: 'limit', run: async (time) => ({ ...NO_CLIENT, ...(await limit.run(way, time)) }) };
    const { onForeign, text } = foreignShare();
    const [ofLimit = [], ours = [], ...others] = await interleave([bare, gateway, ...contenders], {
      rounds,
      warmUpSeconds,
      seconds,
      say,
      onForeign,
    });
    const share = spread(ratios(rates(ours), rates(ofLimit)));
    const seen = contenders.map((contender, at) => ({ ...contender, reports: others[at] ?? [] }));
    const table = comparisonTable([
      { title: 'no server', about: wayText(way), reports: ofLimit },
      { ...gateway, reports: ours },
      ...seen,
    ]);
    const detail = [`${about}; ${rounds} rounds of ${seconds} s. ${text()}`, '', table, '', ...absent];
    return [
      {
        id: 'http-limit',
        figure: `${FIGURE}, ${model.name}: throughput / limit without a server`,
        goal: `>= ${OF_LIMIT.toFixed(2)}`,
        measured: `${spreadText(share)}; ${median(rates(ours)).toFixed(0)} of ${median(rates(ofLimit)).toFixed(0)} images/s`,
        met: share.median >= OF_LIMIT,
        detail: detail.join('\n'),
        command: COMMAND,
      },
      rivalRow({
        id: 'http-rival',
        figure: `${FIGURE}, ${model.name}: throughput / best rival, and p99 / its p99`,
        command: COMMAND,
        ours,
        rivals: seen,
        atLeast: 1.3,
        tailAtMost: 0.5,
      }),
    ];
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
