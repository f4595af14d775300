/**
 * The plain files of what was handed in, wherever they lie: a folder of the operator's, which is left as it is, or an
 * unpacked archive, which is ours. Guarantees that no path is a link. Knows no formats.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TwinlensError } from '../../core/errors.ts';
import type { FileEntry } from '../../core/manifest.ts';
import { MAX_ENTRIES, told } from './unpacking.ts';

/** Folders within folders. */
const MAX_DEPTH = 8;
/** Bytes of a file that is read as a whole: JSON, class names, a README. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

export interface Material {
  readonly folder: string;
  /** Relative paths with forward slashes. */
  readonly files: readonly string[];
  /** The files may be moved away. */
  readonly ours: boolean;
}

const bad = (message: string, cause?: unknown) => new TwinlensError('INVALID_ARGUMENT', message, { cause });

async function walk(folder: string, under: string, depth: number, found: string[]): Promise<void> {
  if (depth > MAX_DEPTH) throw bad(`The folder ${told(under)} is nested too deep for a model.`);
  for (const entry of await readdir(join(folder, under), { withFileTypes: true })) {
    // Version control, caches and what the system adds.
    if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory()) await walk(folder, path, depth + 1, found);
    else if (entry.isFile()) found.push(path);
    else throw bad(`${told(path)} is a link or no plain file; copy the file itself into the model's folder.`);
    if (found.length > MAX_ENTRIES) {
      throw new TwinlensError('PAYLOAD_TOO_LARGE', `The folder has more than ${MAX_ENTRIES} files.`);
    }
  }
}

/** Lists a folder; one that has a single folder in it, as archives often do, stands for that one. */
export async function listMaterial(folder: string, ours: boolean): Promise<Material> {
  const files: string[] = [];
  await walk(folder, '', 0, files);
  const top = files[0]?.split('/')[0];
  const wrapped = top !== undefined && files.every((file) => file.startsWith(`${top}/`));
  if (wrapped && top !== 'onnx') return listMaterial(join(folder, top), ours);
  return { folder, files: files.sort(), ours };
}

export async function readText({ folder }: Material, file: string): Promise<string> {
  const path = join(folder, file);
  const { size } = await lstat(path);
  if (size > MAX_TEXT_BYTES) throw bad(`${file} has ${size} bytes; at most ${MAX_TEXT_BYTES} are read.`);
  return readFile(path, 'utf8');
}

export async function readJson(material: Material, file: string): Promise<unknown> {
  try {
    return JSON.parse(await readText(material, file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw bad(`${file} is not valid JSON: ${error.message.slice(0, 200)}.`, error);
  }
}

/** Bytes of some of the files together. */
export async function bytesOf({ folder }: Material, files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await lstat(join(folder, file))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Brings a file to `path`: moved where it is ours, else copied. */
export async function takeFile({ folder, ours }: Material, file: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (ours) await rename(join(folder, file), path);
  else await copyFile(join(folder, file), path);
}

/** The manifest's entry of a file on disk. */
export async function entryOf(path: string): Promise<FileEntry> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path)) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
