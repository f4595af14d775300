/** Reads files of a model package: inside its folder, no links, and only when bytes and sha256 are the manifest's. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { TwinlensError } from '../../core/errors.ts';
import { type FileEntry, type Manifest, parseManifest } from '../../core/manifest.ts';

/** `model.json` is small; a larger one is not a manifest. Bytes. */
const MAX_MANIFEST_BYTES = 1024 * 1024;

const bad = (message: string, cause?: unknown) => new TwinlensError('INVALID_ARGUMENT', message, { cause });

/** The absolute path of `file`, a plain file whose real place is below `folder`. Throws INVALID_ARGUMENT. */
export async function packagePath(folder: string, file: string): Promise<string> {
  const path = join(folder, file);
  try {
    const [base, real, stats] = await Promise.all([realpath(folder), realpath(path), lstat(path)]);
    if (!real.startsWith(base + sep) || !stats.isFile()) {
      throw bad(`${file} is a link or leaves the model's folder; copy the file itself into it.`);
    }
    return real;
  } catch (error) {
    if (error instanceof TwinlensError) throw error;
    throw bad(`${file} is missing from the model's folder.`, error);
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw bad(`${file} is not valid JSON.`, cause);
  }
}

export async function readManifest(folder: string): Promise<Manifest> {
  const path = await packagePath(folder, 'model.json');
  const bytes = await readFile(path);
  if (bytes.length > MAX_MANIFEST_BYTES)
    throw bad(`model.json has ${bytes.length} bytes; at most ${MAX_MANIFEST_BYTES} are read.`);
  return parseManifest(parseJson(bytes.toString('utf8'), 'model.json'));
}

/** The path and entry of a file that the manifest names, with the size that it says. */
async function sized(folder: string, manifest: Manifest, file: string): Promise<{ path: string; entry: FileEntry }> {
  const entry = manifest.files[file];
  if (!entry) throw bad(`model.json doesn't list ${file}.`);
  const path = await packagePath(folder, file);
  const { size } = await lstat(path);
  if (size !== entry.bytes) throw bad(`${file} has ${size} bytes, but model.json says ${entry.bytes}.`);
  return { path, entry };
}

function checkHash(file: string, entry: FileEntry, sha256: string): void {
  if (sha256 !== entry.sha256) throw bad(`${file} has sha256 ${sha256}, but model.json says ${entry.sha256}.`);
}

/**
 * Reads every file that the manifest names, piece by piece. Throws INVALID_ARGUMENT when one is not what it says,
 * and an AbortError when `signal` aborts.
 */
export async function verifyPackage(folder: string, manifest: Manifest, signal?: AbortSignal): Promise<void> {
  for (const file of Object.keys(manifest.files)) {
    const { path, entry } = await sized(folder, manifest, file);
    const hash = createHash('sha256');
    for await (const piece of createReadStream(path, { signal })) hash.update(piece);
    checkHash(file, entry, hash.digest('hex'));
  }
}

/** The bytes of a file that the manifest names. Throws INVALID_ARGUMENT when they are not what it says. */
export async function readPackageFile(folder: string, manifest: Manifest, file: string): Promise<Buffer> {
  const { path, entry } = await sized(folder, manifest, file);
  const bytes = await readFile(path);
  checkHash(file, entry, createHash('sha256').update(bytes).digest('hex'));
  return bytes;
}

export async function readPackageJson(folder: string, manifest: Manifest, file: string): Promise<unknown> {
  return parseJson((await readPackageFile(folder, manifest, file)).toString('utf8'), file);
}
