/** Tells whether a build step's inputs changed since its last success. Compares contents, not times. */
// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './run.mjs';

/** @param {string} path @returns {string[]} files below it, sorted */
export function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .flatMap((entry) => filesBelow(join(path, entry.name)))
    .sort();
}

/**
 * @param {readonly string[]} inputs files and folders, from the project's root
 * @param {(path: string) => boolean} [keep]
 */
export function fingerprint(inputs, keep = () => true) {
  const hash = createHash('sha256').update(process.version.split('.')[0] ?? '');
  for (const path of inputs.flatMap((input) => filesBelow(join(root, input))).filter(keep)) {
    hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

const stampFile = (/** @type {string} */ step) => join(root, '.cache', 'build', step);

/** @param {string} step @param {string} print @param {string} product a file that the step makes */
export function isFresh(step, print, product) {
  const stamp = stampFile(step);
  return existsSync(join(root, product)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === print;
}

/** @param {string} step @param {string} print */
export function markFresh(step, print) {
  const stamp = stampFile(step);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, print);
}
