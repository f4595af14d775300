/**
 * What scaling and encoding a frame before it is sent costs in agreement: photos as they are through the gateway, and
 * the same brought to the model's short side in the browser and encoded at several qualities. Prints the table that
 * the quality in workers/picture.ts is chosen by.
 *
 *   node bench/frame-quality.mjs [--photos 200]
 */
// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/run.mjs';
import { inBrowser } from './browser/chromium.mjs';
import { photoPaths } from './browser/photos.mjs';
import { openSite } from './browser/site.mjs';
import { machine, median } from './figures.mjs';

const FORMS = [
  ...[0.7, 0.85, 0.92, 0.96, 0.98, 1].map((quality) => ({ type: 'image/jpeg', quality })),
  // Chromium's WebP is lossless at 1.
  ...[0.8, 0.9, 0.95, 0.99, 1].map((quality) => ({ type: 'image/webp', quality })),
];

const { values } = parseArgs({ options: { photos: { type: 'string', default: '200' } } });
const most = Number(values.photos);
if (!(Number.isInteger(most) && most > 0 && most <= 1000)) throw new Error('--photos must be from 1 to 1000.');

const { input } = JSON.parse(readFileSync(join(root, 'models/efficientnet-lite0/model.json'), 'utf8'));
const site = await openSite({ rival: false, photos: photoPaths(most) });

/**
 * Runs on the page: for each photo the gateway's answer to it as it is, then to each form.
 * @param {{photos: readonly string[], shortSide: number, forms: typeof FORMS}} plan
 */
async function ask({ photos, shortSide, forms }) {
  /** @type {{frames(photo: Blob, shortSide: number, forms: unknown): Promise<Blob[]>}} */
  const bench = Reflect.get(window, 'bench');
  const best = async (/** @type {Blob} */ body) => {
    const response = await fetch('/v1/classify?top=1', {
      method: 'POST',
      body,
      headers: { 'content-type': body.type },
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.detail);
    return { index: answer.predictions[0].index, score: answer.predictions[0].score };
  };
  const rows = [];
  for (const url of photos) {
    const photo = await (await fetch(url)).blob();
    const frames = await bench.frames(photo, shortSide, forms);
    const answers = [];
    for (const frame of frames) answers.push({ ...(await best(frame)), bytes: frame.size });
    rows.push({ whole: { ...(await best(photo)), bytes: photo.size }, answers });
  }
  return rows;
}

try {
  const rows = await inBrowser(async (page) => {
    await page.goto(site.twin);
    await page.waitForFunction(() => Reflect.has(window, 'bench'));
    return page.evaluate(ask, { photos: site.photos, shortSide: input.resize.size, forms: FORMS });
  });
  const kb = (/** @type {number[]} */ list) => `${(median(list) / 1000).toFixed(1)} KB`;
  const lines = FORMS.map(({ type, quality }, form) => {
    const of = rows.flatMap(({ whole, answers }) => (answers[form] ? [{ whole, frame: answers[form] }] : []));
    const same = of.filter(({ whole, frame }) => whole.index === frame.index);
    const moved = same.map(({ whole, frame }) => Math.abs(whole.score - frame.score));
    return `| ${type.replace('image/', '')} ${quality} | ${kb(of.map(({ frame }) => frame.bytes))} | ${same.length} of ${of.length} (${((same.length * 100) / of.length).toFixed(1)} %) | ${median(moved).toFixed(3)} |`;
  });
  process.stdout.write(
    [
      `${machine()}; ${rows.length} photos, short side ${input.resize.size}; as they are: ${kb(rows.map(({ whole }) => whole.bytes))}`,
      '',
      '| encoded | bytes, median | same top-1 as the photo as it is | best score moves by, median |',
      '|---|---|---|---|',
      ...lines,
      '',
    ].join('\n'),
  );
} finally {
  await site.close();
}
