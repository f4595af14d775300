/**
 * One photo after the other, from its encoded bytes to its five best classes, on a page with the face `window.bench`:
 * what a page takes per photo once it runs. One page load a browser start, and every block's median, because runtimes
 * get faster over the first hundreds of runs.
 */
// @ts-check
import { median } from '../figures.mjs';
import { inBrowser } from './chromium.mjs';

const WARM_UP = 40;
const BLOCKS = 3;

/**
 * @typedef {object} Steady
 * @property {number[]} blocks median milliseconds of each block, in order
 * @property {number} ms median of the last block: what a page settles at
 * @property {string[]} labels of the photos, in order
 */

/**
 * Runs on the page.
 * @param {{open: Record<string, unknown>, photos: readonly string[], warmUp: number, blocks: number, each: number}} plan
 */
async function classifyAll({ open, photos, warmUp, blocks, each }) {
  /** @type {{open(options: unknown): Promise<void>, answer(photo: Blob): Promise<string>}} */
  const bench = Reflect.get(window, 'bench');
  await bench.open(open);
  const blobs = await Promise.all(photos.map(async (url) => (await fetch(url)).blob()));
  /** @type {string[]} */
  const labels = [];
  const one = async (/** @type {number} */ at) => {
    const blob = blobs[at % blobs.length];
    if (!blob) throw new Error('There are no photos.');
    const begun = performance.now();
    labels[at % blobs.length] = await bench.answer(blob);
    return performance.now() - begun;
  };
  for (let at = 0; at < warmUp; at += 1) await one(at);
  /** @type {number[][]} */
  const times = [];
  for (let block = 0; block < blocks; block += 1) {
    /** @type {number[]} */
    const list = [];
    for (let at = 0; at < each; at += 1) list.push(await one(at));
    times.push(list);
  }
  return { times, labels };
}

/**
 * @param {string} url @param {Record<string, unknown>} open what the page's `open` takes
 * @param {{photos: readonly string[], each: number, warmUp?: number}} options each: photos a block
 * @returns {Promise<Steady>}
 */
export const steady = (url, open, { photos, each, warmUp = WARM_UP }) =>
  inBrowser(async (page) => {
    await page.goto(url);
    await page.waitForFunction(() => Reflect.has(window, 'bench'));
    const { times, labels } = await page.evaluate(classifyAll, { open, photos, warmUp, blocks: BLOCKS, each });
    const blocks = times.map(median);
    return { blocks, ms: blocks.at(-1) ?? Number.NaN, labels };
  });
