/**
 * Backs up a gateway's data folder into one tar file, and restores it. The gateway may run meanwhile: its state is one
 * file that is replaced whole, and versions appear by one rename and never change.
 *
 *   node scripts/backup.mjs save DATA_FOLDER FILE.tar
 *   node scripts/backup.mjs restore FILE.tar DATA_FOLDER     # the folder must be empty or not there; no gateway on it
 *
 * What the file holds: state.json (labels, canaries, followed models, the journal), models/ and cache/ (published and
 * fetched versions). What is handed in and not published (staging/) is left out. Both appear whole or not at all.
 */
// @ts-check
import { createReadStream, createWriteStream } from 'node:fs';
import { cp, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract, pack } from 'tar-stream';

const STATE = 'state.json';
const FOLDERS = ['models', 'cache'];
const USAGE = 'Usage: node scripts/backup.mjs save DATA_FOLDER FILE.tar | restore FILE.tar DATA_FOLDER';

/** Relative paths of all files below, but of those whose name begins with a dot: versions that are still being written. */
async function filesBelow(/** @type {string} */ folder) {
  /** @type {string[]} */
  const files = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(path)));
    else if (entry.isFile()) files.push(path);
  }
  return files;
}

/** @param {unknown} error */
const isMissing = (error) => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** @param {string} data @param {string} file @returns {Promise<number>} files in it */
async function save(data, file) {
  const half = `${file}.half`;
  const packing = pack();
  const written = pipeline(packing, createWriteStream(half, { mode: 0o600 }));
  let count = 0;
  /** @param {string} path */
  const add = async (path) => {
    const handle = await open(path).catch((error) => {
      // Removed by an operator since it was listed; the state names it no more.
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (!handle) return;
    // Size and bytes of one and the same file, also when another takes its name meanwhile.
    const { size, mtime } = await handle.stat();
    const name = relative(data, path).split(sep).join('/');
    await pipeline(handle.createReadStream(), packing.entry({ name, size, mtime, mode: 0o600 }));
    count += 1;
  };
  try {
    await add(join(data, STATE));
    for (const folder of FOLDERS) {
      const files = await filesBelow(join(data, folder)).catch((error) => {
        if (isMissing(error)) return [];
        throw error;
      });
      for (const path of files) await add(path);
    }
    if (count === 0) throw new Error(`${data} holds nothing that a gateway keeps; is it TWINLENS_DATA of one?`);
    packing.finalize();
    await written;
    await rename(half, file);
  } catch (error) {
    packing.destroy();
    await written.catch(() => undefined); // Said by the error that ended it.
    await rm(half, { force: true });
    throw error;
  }
  return count;
}

/** @param {string} file @param {string} data @returns {Promise<number>} files in it */
async function restore(file, data) {
  await stat(file);
  const there = await readdir(data).catch((error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (there && there.length > 0) {
    throw new Error(`${data} is not empty: move it away first. Nothing is overwritten and nothing is mixed.`);
  }
  const half = join(dirname(resolve(data)), `.${basename(resolve(data))}.half`);
  await rm(half, { recursive: true, force: true });
  let count = 0;
  try {
    await mkdir(half, { recursive: true });
    const extracting = extract();
    const read = pipeline(createReadStream(file), extracting);
    // The loop below meets the same error; nobody waits for this one while it runs.
    read.catch(() => undefined);
    for await (const entry of extracting) {
      const { name, type } = entry.header;
      const path = resolve(half, name);
      const top = name.split('/')[0] ?? '';
      if (type !== 'file' || !path.startsWith(half + sep) || !(name === STATE || FOLDERS.includes(top))) {
        throw new Error(`${file} is no backup of a gateway: it holds ${name}.`);
      }
      await mkdir(dirname(path), { recursive: true });
      await pipeline(entry, createWriteStream(path, { mode: 0o600 }));
      count += 1;
    }
    await read;
    if (count === 0) throw new Error(`${file} is no backup of a gateway: it is empty.`);
    // A mount can't be replaced by a rename; its content can.
    await mkdir(data, { recursive: true });
    for (const name of await readdir(half)) await moveOrCopy(join(half, name), join(data, name));
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return count;
}

/** @param {string} from @param {string} to */
async function moveOrCopy(from, to) {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await cp(from, to, { recursive: true });
  }
}

const [command, from, to, ...more] = process.argv.slice(2);
if (from === undefined || to === undefined || more.length > 0 || (command !== 'save' && command !== 'restore')) {
  process.stderr.write(`${USAGE}\n`);
  process.exitCode = 2;
} else {
  try {
    const count = await (command === 'save' ? save(from, to) : restore(from, to));
    process.stdout.write(`${count} files ${command === 'save' ? `from ${from} into` : `of ${from} into`} ${to}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
