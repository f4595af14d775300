/** The photos that the browser's benchmarks classify: real ones where the shared folder is, else our own samples. */
// @ts-check
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/run.mjs';

const MOST = 40;

/** The folder of real photos and clips: SHARED_DIR, or beside the project. @returns {string | undefined} */
export const sharedFolder = () =>
  [process.env.SHARED_DIR, join(root, '../shared')].find(
    (path) => path !== undefined && existsSync(join(path, 'photos')),
  );

/** Every n-th of the folder's JPEGs, at most `most`. @param {string} folder @param {number} most */
function jpegsOf(folder, most) {
  const all = readdirSync(folder)
    .filter((name) => /\.jpe?g$/i.test(name))
    .sort();
  const step = Math.max(1, all.length / most);
  return Array.from({ length: Math.min(most, all.length) }, (_, at) =>
    join(folder, String(all[Math.floor(at * step)])),
  );
}

/** @param {number} [most] */
export function photoPaths(most = MOST) {
  const shared = sharedFolder();
  return jpegsOf(shared ? join(shared, 'photos/imagenet_sample_200') : join(root, 'public/samples'), most);
}
