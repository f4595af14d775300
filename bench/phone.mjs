/**
 * Photos as a phone takes them (12 megapixels) over HTTP, 8 connections: the gateway beside its rivals, in turn.
 *
 *   node bench/phone.mjs [--seconds 6] [--rounds 5] [--models NAME,..] [--rivals NAME,..|none]
 */
// @ts-check
import { buildGateway } from '../scripts/build.mjs';
import { comparisonTable, rivalRow } from './comparison.mjs';
import { gatewayContender, rivalContenders, startGenerator } from './contenders.mjs';
import { benchOptions, say } from './options.mjs';
import { phonePaths } from './photos.mjs';
import { printRows, record } from './record.mjs';
import { rivalVersions } from './rivals/rivals.mjs';
import { foreignShare, interleave } from './rounds.mjs';

const CONNECTIONS = 8;
/** What differs between those who answer, beside speed. */
const NOTE =
  'Twinlens decodes a large photo at a quarter of its size, sharp at an eighth when it is to resize it; Pillow decodes all of it, and so do those who use Pillow.';

const { seconds, rounds, warmUpSeconds, models, rivals } = await benchOptions({ seconds: 6, rounds: 5 });
await buildGateway();
const { paths: photos, about } = await phonePaths();
const generator = startGenerator();

/** @param {import('./models.mjs').BenchModel} model @returns {Promise<import('./record.mjs').Row>} */
async function measure(model) {
  const load = { photos, connections: CONNECTIONS, trySeconds: Math.min(4, seconds) };
  const gateway = await gatewayContender(model, generator, load);
  /** @type {(() => Promise<unknown>)[]} */
  const ends = [gateway.stop];
  try {
    const { contenders, absent } = await rivalContenders(rivals, model, generator, load);
    ends.push(...contenders.map(({ stop }) => stop));
    const { onForeign, text } = foreignShare();
    const options = { rounds, warmUpSeconds, seconds, say, onForeign };
    const [ours = [], ...others] = await interleave([gateway, ...contenders], options);
    const seen = contenders.map((contender, at) => ({ ...contender, reports: others[at] ?? [] }));
    const table = comparisonTable([{ ...gateway, reports: ours }, ...seen]);
    const row = rivalRow({
      id: 'phone-rival',
      figure: `12-megapixel JPEG to top 5 over HTTP, ${CONNECTIONS} connections, ${model.name}: throughput / best rival`,
      command: 'node bench/phone.mjs',
      ours,
      rivals: seen,
      atLeast: 1.3,
    });
    const detail = [
      `${about}; ${rounds} rounds of ${seconds} s. ${text()} ${NOTE}`,
      '',
      table,
      '',
      ...absent.map((why) => `- left out: ${why}`),
    ];
    return { ...row, detail: detail.join('\n') };
  } finally {
    await Promise.all(ends.map((end) => end()));
  }
}

try {
  const rows = [];
  for (const model of models) rows.push(await measure(model));
  printRows(rows);
  record('phone', rows, Object.assign({}, ...rivals.map(rivalVersions)));
} finally {
  await generator.stop();
}
