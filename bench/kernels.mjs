/**
 * The resize to a model's input and normalising, by the WebAssembly kernel and in the plain JavaScript that it equals, and
 * what follows: softmax, top-k. One thread, in memory, no decoding.
 *
 *   node bench/kernels.mjs [--seconds 30] [--filter bilinear]
 */
// @ts-check
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from '../scripts/run.mjs';
import { machine, median, quantile } from './figures.mjs';

/** @param {string} module */
const built = (module) => import(pathToFileURL(join(root, 'dist/core', module)).href);
const { prepareRgbWith } = await built('resize.js');
const { threadKernel } = await built('kernel.js');
const { normalizeWith } = await built('normalize.js');
const { toPredictions } = await built('scores.js');

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '30' }, filter: { type: 'string', default: 'bilinear' } },
});

const ROUNDS = 5;
const WARM_UPS = 20;
/** @type {readonly [width: number, height: number, channels: 3 | 4][]} */
const SOURCES = [
  [224, 224, 3],
  [500, 375, 3],
  [640, 480, 3],
  [640, 480, 4],
  [1280, 720, 3],
  [1280, 720, 4],
  [1080, 2400, 3],
  [1920, 1080, 3],
  [4032, 3024, 3],
];

const input = {
  ...{ name: 'input', datatype: 'float32', channels: 'RGB', width: 224, height: 224 },
  ...{ scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  resize: { rule: 'shortest-edge', size: 256, filter: values.filter },
};

/** @param {number} length @param {boolean} opaque */
function noise(length, opaque) {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) bytes[i] = Math.imul(i, 0x9e3779b1) >>> 24;
  if (opaque) for (let i = 3; i < length; i += 4) bytes[i] = 255;
  return bytes;
}

/**
 * Microseconds a call: the subjects in turn, `ROUNDS` times, for `seconds` in all; each round's median, and of those
 * the median and the range.
 * @template {string} Name
 * @param {Record<Name, () => unknown>} subjects @param {number} seconds
 * @returns {Record<Name, {middle: number, text: string}>}
 */
function compare(subjects, seconds) {
  const names = /** @type {Name[]} */ (Object.keys(subjects));
  const turn = (seconds * 1000) / ROUNDS / names.length;
  /** @type {Map<Name, number[]>} */
  const rounds = new Map(names.map((name) => [name, []]));
  for (const name of names) for (let i = 0; i < WARM_UPS; i += 1) subjects[name]();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of names) {
      const times = [];
      for (const end = performance.now() + turn; performance.now() < end || times.length === 0; ) {
        const begun = performance.now();
        subjects[name]();
        times.push((performance.now() - begun) * 1000);
      }
      rounds.get(name)?.push(median(times));
    }
  }
  const told = names.map((name) => {
    const list = rounds.get(name) ?? [];
    const text = `${median(list).toFixed(0)} (${quantile(list, 0).toFixed(0)} to ${quantile(list, 1).toFixed(0)})`;
    return [name, { middle: median(list), text }];
  });
  return /** @type {Record<Name, {middle: number, text: string}>} */ (Object.fromEntries(told));
}

const kernel = threadKernel();
if (!kernel) throw new Error('This Node has no WebAssembly SIMD, so there is nothing to compare.');
const share = Number(values.seconds) / (SOURCES.length + 3);
const lines = [
  `${machine()}; microseconds, median of ${ROUNDS} rounds (range); 224 x 224 out of a short side of 256, ${values.filter}`,
  '',
];
lines.push('| source | JavaScript | kernel | JavaScript / kernel |', '|---|---|---|---|');
for (const [width, height, channels] of SOURCES) {
  const source = { data: noise(width * height * channels, channels === 4), width, height, channels };
  const { passes, strips } = compare(
    { passes: () => prepareRgbWith(undefined, source, input), strips: () => prepareRgbWith(kernel, source, input) },
    share,
  );
  const name = `${width} x ${height} ${channels === 4 ? 'RGBA' : 'RGB'}`;
  lines.push(`| ${name} | ${passes.text} | ${strips.text} | ${(passes.middle / strips.middle).toFixed(1)} |`);
}
const prepared = noise(224 * 224 * 3, false);
const tensor = new Float32Array(224 * 224 * 3);
const logits = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i * 12.9898) * 8);
const names = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
const planar = { ...input, layout: 'NCHW' };
const interleaved = { ...input, layout: 'NHWC' };
const rest = compare(
  {
    'normalise, NCHW, by the kernel': () => normalizeWith(kernel, prepared, planar, tensor, 0),
    'normalise, NCHW, in JavaScript': () => normalizeWith(undefined, prepared, planar, tensor, 0),
    'normalise, NHWC': () => normalizeWith(kernel, prepared, interleaved, tensor, 0),
    'softmax and top 5 of 1000': () => toPredictions(logits, { classes: 1000, activation: 'none' }, names, 5),
  },
  share * 3,
);
lines.push('', '| after the resize | microseconds |', '|---|---|');
for (const [name, { text }] of Object.entries(rest)) lines.push(`| ${name} | ${text} |`);
process.stdout.write(`${lines.join('\n')}\n`);
