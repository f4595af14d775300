/**
 * What decoding a large JPEG at a part of its size changes in the answers: the figures that SPARE in core/sizes.ts is
 * chosen by. Each picture of a folder is made a JPEG that has, at a half or a quarter, a given number of samples for one
 * of the model's resize, and answered decoded whole and in part; beside that whole with noise of a level, which shows
 * what the model makes of changes that nobody sees, and as by a server that lets sharp shrink it.
 *
 *   node bench/decode-size.mjs FOLDER [--photos 200]
 */
// @ts-check
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { buildGateway } from '../scripts/build.mjs';
import { machine, median } from './figures.mjs';
import { loadJpegDecoder } from './jpeg-decoder.mjs';
import { benchModels, compiled } from './models.mjs';

const QUALITY = 92;
/** Samples along an axis for one of the resize. */
const SPARES = [1.5, 2, 2.9];
/** Of the whole picture's best score, from which on the model is taken to know what it sees. */
const SURE = 0.5;
const EIGHTHS = /** @type {const} */ ([4, 2]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { photos: { type: 'string', default: '200' } },
});
const [folder] = positionals;
if (!folder) throw new Error('Name a folder with large JPEGs: node bench/decode-size.mjs FOLDER');
const most = Number(values.photos);
if (!(Number.isInteger(most) && most > 0 && most <= 1000)) throw new Error('--photos must be from 1 to 1000.');
await buildGateway();

const byCore = await loadJpegDecoder();
/** @type {typeof import('../core/resize.ts')} */
const { prepareRgb, resizeShortSide } = await compiled('core/resize');
/** @type {typeof import('../core/normalize.ts')} */
const { normalizeInto, tensorLength } = await compiled('core/normalize');
/** @type {typeof import('../core/manifest.ts')} */
const { parseClassNames, variantOf } = await compiled('core/manifest');
/** @type {typeof import('../core/scores.ts')} */
const { toPredictions } = await compiled('core/scores');
/** @type {typeof import('../gateway/instances/session.ts')} */
const { createSession } = await compiled('gateway/instances/session');
/** @type {typeof import('../gateway/instances/package-files.ts')} */
const { readManifest, readPackageJson } = await compiled('gateway/instances/package-files');

/** @param {string} path of a package */
async function openModel(path) {
  const manifest = await readManifest(path);
  const { input, output } = manifest;
  const names = parseClassNames(await readPackageJson(path, manifest, output.classNames), output);
  const runtime = /** @type {const} */ ({ threads: 2, arena: 'keep', gpuMemoryPercent: 0 });
  const session = await createSession(readFileSync(join(path, variantOf(manifest).file)), manifest, 'cpu', runtime);
  const tensor = new Float32Array(tensorLength(input));
  /** @param {import('../core/pixels.ts').PixelView} picture */
  const best = async (picture) => {
    normalizeInto(prepareRgb(picture, input), input, tensor, 0);
    const [first] = toPredictions(await session.run(tensor, 1), output, names, 1);
    if (!first) throw new Error('The model gave no prediction.');
    return first;
  };
  return { input, best };
}

/** The picture brought to a square of this side, as a JPEG. @param {string} path @param {number} side */
const squareOf = (path, side) =>
  sharp(path).autoOrient().toColourspace('srgb').resize(side, side).jpeg({ quality: QUALITY }).toBuffer();

/** @param {Buffer} file @param {2 | 4 | 8} eighths */
function decodeAt(file, eighths) {
  const picture = byCore(file, eighths);
  if (!picture) throw new Error('A square is no plain JPEG.');
  return picture;
}

/**
 * At the size that the model's resize gives, each value a level more, or less, or as it is.
 * @param {import('../core/pixels.ts').PixelView} picture @param {number} size
 */
function noisy(picture, size) {
  const { data, width, height } = resizeShortSide(picture, size);
  let seed = 1;
  const changed = data.map((value) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.max(0, Math.min(255, value + ((seed >>> 24) % 3) - 1));
  });
  return /** @type {const} */ ({ data: changed, width, height, channels: 3 });
}

/** As a server that resizes with sharp, which has libjpeg shrink it. @param {Buffer} file @param {number} size */
async function shrunk(file, size) {
  const data = await sharp(file).resize(size, size).raw().toBuffer();
  return /** @type {const} */ ({ data, width: size, height: size, channels: 3 });
}

const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.jpe?g$/i.test(name))
  .slice(0, most)
  .map((name) => join(folder, name));
process.stdout.write(`${machine()}; ${paths.length} pictures\n\n`);
process.stdout.write(
  '| model | decoded at | samples for one of the resize | same top-1 as whole | where its score is at least 0.5 | best score moves by, median | whole with noise: same top-1 | sharp’s shrink: same top-1 |\n|---|---|---|---|---|---|---|---|\n',
);
for (const { name, folder: path } of await benchModels()) {
  const { input, best } = await openModel(path);
  const { resize } = input;
  if (resize.rule === 'exact') throw new Error(`${name} does not resize by the short side.`);
  for (const eighths of EIGHTHS) {
    for (const spare of SPARES) {
      const side = Math.ceil((resize.size * spare * 8) / eighths);
      const moved = [];
      let [same, sameNoisy, sameShrunk, sure, sureSame] = [0, 0, 0, 0, 0];
      for (const picture of paths) {
        const square = await squareOf(picture, side);
        const whole = await best(decodeAt(square, 8));
        const part = await best(decodeAt(square, eighths));
        const isSame = part.index === whole.index;
        if (isSame) moved.push(Math.abs(part.score - whole.score));
        if (isSame) same += 1;
        if (whole.score >= SURE) sure += 1;
        if (whole.score >= SURE && isSame) sureSame += 1;
        if ((await best(noisy(decodeAt(square, 8), resize.size))).index === whole.index) sameNoisy += 1;
        if ((await best(await shrunk(square, resize.size))).index === whole.index) sameShrunk += 1;
      }
      const share = (/** @type {number} */ count) => `${((count * 100) / paths.length).toFixed(1)} %`;
      const line = [name, `${eighths}/8`, spare, share(same), `${sureSame} of ${sure}`, median(moved).toFixed(3)];
      process.stdout.write(`| ${[...line, share(sameNoisy), share(sameShrunk)].join(' | ')} |\n`);
    }
  }
}
