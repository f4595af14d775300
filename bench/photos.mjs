/** The pictures that benchmarks send: real photos where the folder of them is, else the samples of the page. */
// @ts-check
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { root } from '../scripts/run.mjs';

const PHONE = { width: 4032, height: 3024 };
const PHONE_QUALITY = 90;
/** Photos from which pictures of a phone are made. */
const PHONES = 8;

/** @type {string | undefined} */
export const sharedDir = [process.env.SHARED_DIR, join(root, '../shared')].find(
  (path) => path !== undefined && existsSync(join(path, 'photos')),
);

const samples = join(root, 'public/samples');

/** Paths of the JPEGs, by name. @returns {{paths: string[], about: string}} */
export function photoPaths() {
  const folder = sharedDir ? join(sharedDir, 'photos/imagenet_sample_200') : samples;
  const paths = readdirSync(folder)
    .filter((name) => /\.jpe?g$/i.test(name))
    .sort()
    .map((name) => join(folder, name));
  const bytes = paths.reduce((sum, path) => sum + readFileSync(path).length, 0);
  const what = sharedDir ? 'photos of ImageNet' : 'sample pictures of the page, as the folder of photos is not here';
  return { paths, about: `${paths.length} ${what}, ${(bytes / paths.length / 1000).toFixed(0)} kB each on average` };
}

/** JPEGs as a phone takes them, made larger from the first photos and kept. @returns {Promise<{paths: string[], about: string}>} */
export async function phonePaths() {
  const folder = join(root, '.cache/bench/phone', sharedDir ? 'photos' : 'samples');
  mkdirSync(folder, { recursive: true });
  const paths = [];
  for (const [at, photo] of photoPaths().paths.slice(0, PHONES).entries()) {
    const path = join(folder, `${at}.jpg`);
    paths.push(path);
    if (existsSync(path)) continue;
    const large = sharp(photo).resize({ ...PHONE, fit: 'cover', kernel: 'lanczos3' });
    writeFileSync(path, await large.jpeg({ quality: PHONE_QUALITY }).toBuffer());
  }
  const bytes = paths.reduce((sum, path) => sum + readFileSync(path).length, 0) / paths.length;
  const { width, height } = PHONE;
  return {
    paths,
    about: `${paths.length} JPEGs of ${width} x ${height}, ${(bytes / 1e6).toFixed(1)} MB each on average`,
  };
}
