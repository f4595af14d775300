/** What the page's document loads of JavaScript before it asks for a model, by the sizes of the build's gzip files. */
// @ts-check
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from '../../scripts/run.mjs';
import { inBrowser } from './chromium.mjs';

/** @typedef {{initial: number, late: number, runtime: string[]}} PageBytes */

/** @param {string} path below out/ */
function gzipBytes(path) {
  const file = join(root, 'out', path);
  return existsSync(`${file}.gz`) ? statSync(`${file}.gz`).size : gzipSync(readFileSync(file), { level: 9 }).length;
}

/** @param {string} url of our page @returns {Promise<PageBytes>} */
export const pageBytes = (url) =>
  inBrowser(async (page) => {
    await page.goto(url);
    await page.locator('[data-testid="mode-select"]:enabled').waitFor();
    const scripts = await page.evaluate(() => [...document.scripts].map(({ src, noModule }) => (noModule ? '' : src)));
    const paths = [...new Set(scripts.filter(Boolean).map((src) => new URL(src).pathname))];
    const html = readFileSync(join(root, 'out/index.html'), 'utf8');
    const isInitial = (/** @type {string} */ path) => html.includes(`<script src="${path}"`);
    const sum = (/** @type {string[]} */ list) => list.reduce((total, path) => total + gzipBytes(path), 0);
    return {
      initial: sum(paths.filter(isInitial)),
      late: sum(paths.filter((path) => !isInitial(path))),
      runtime: paths.filter((path) => readFileSync(join(root, 'out', path), 'utf8').includes('InferenceSession')),
    };
  });
