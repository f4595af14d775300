/**
 * JPEGs to pixels: core's decoder, also at a part of the size, beside sharp's libjpeg, on one thread each, in turns, by
 * the processor time that they take; and on how many pictures they agree to the byte.
 *
 *   node bench/decoders.mjs [--rounds 5] [--size 1920x1080] [--progressive]
 *
 * --size: of the first photos, brought to that size before, at quality 90; --progressive: made progressive before.
 */
// @ts-check
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { buildGateway } from '../scripts/build.mjs';
import { machine, median, quantile } from './figures.mjs';
import { loadJpegDecoder } from './jpeg-decoder.mjs';
import { photoPaths } from './photos.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    size: { type: 'string' },
    progressive: { type: 'boolean', default: false },
  },
});
await buildGateway();
const byCore = await loadJpegDecoder();
sharp.concurrency(1);
sharp.cache(false);

const SIZED = 8;
const { paths, about } = photoPaths();
const { size, progressive } = values;
const OPTIONS = { quality: 90, progressive };

/** @param {string} size */
function sized(size) {
  const [width, height] = size.split('x').map(Number);
  if (!width || !height) throw new Error('--size is WIDTHxHEIGHT, such as 1920x1080.');
  return Promise.all(paths.slice(0, SIZED).map((path) => sharp(path).resize(width, height).jpeg(OPTIONS).toBuffer()));
}
const made = () =>
  Promise.all(paths.map((path) => (progressive ? sharp(path).jpeg(OPTIONS).toBuffer() : readFileSync(path))));
const files = size === undefined ? await made() : await sized(size);
const plain = files.filter((file) => byCore(file));

/** @param {Buffer} file */
const bySharp = (file) => sharp(file, { failOn: 'truncated', ignoreIcc: true }).raw().toBuffer();
const subjects = {
  core: async (/** @type {Buffer} */ file) => byCore(file),
  'core, half the size': async (/** @type {Buffer} */ file) => byCore(file, 4),
  'core, a quarter': async (/** @type {Buffer} */ file) => byCore(file, 2),
  sharp: bySharp,
};

/** Milliseconds of all processors a picture. @param {(file: Buffer) => Promise<unknown>} decode */
async function cost(decode) {
  const before = process.cpuUsage();
  for (const file of plain) await decode(file);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / plain.length;
}

let same = 0;
for (const file of plain)
  if (Buffer.compare(await bySharp(file), new Uint8Array(byCore(file)?.data ?? [])) === 0) same += 1;

/** @type {Record<keyof typeof subjects, number[]>} */
const seen = { core: [], 'core, half the size': [], 'core, a quarter': [], sharp: [] };
for (let round = -1; round < Number(values.rounds); round += 1) {
  for (const name of /** @type {(keyof typeof subjects)[]} */ (Object.keys(subjects))) {
    const ms = await cost(subjects[name]);
    if (round >= 0) seen[name].push(ms); // The first round warms up.
  }
}
process.stdout.write(
  `${machine()}; ${about}${size === undefined ? '' : `; ${SIZED} of them at ${size}`}${progressive ? ', progressive' : ''}\n`,
);
process.stdout.write(`core decodes ${plain.length} of ${files.length}; the same bytes as sharp: ${same}\n`);
for (const [name, list] of Object.entries(seen)) {
  const range = `${quantile(list, 0).toFixed(2)} to ${quantile(list, 1).toFixed(2)}`;
  process.stdout.write(`${name.padEnd(20)} ${median(list).toFixed(2)} ms (${range})\n`);
}
