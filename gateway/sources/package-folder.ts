/**
 * Finds model packages below a folder, as `NAME/model.json` or `NAME/VERSION/model.json`, and tells whole ones from
 * those that are still being copied. Reads manifests and sizes only; the bytes are verified when a version is loaded.
 * Remembers nothing between two looks.
 */
import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { type Manifest, parseManifest } from '../../core/manifest.ts';
import { isMissing } from '../disk.ts';
import { packagePath } from '../instances/index.ts';

/** What one folder is. Times are milliseconds since 1970. */
export type Finding =
  | { readonly kind: 'package'; readonly folder: string; readonly manifest: Manifest; readonly fingerprint: string }
  /** May become a package when the copying ends; `changedAt`: when something in it changed last. */
  | { readonly kind: 'incomplete'; readonly folder: string; readonly reason: string; readonly changedAt: number }
  /** Waiting would not make it one. */
  | { readonly kind: 'refused'; readonly folder: string; readonly reason: string };

export interface Look {
  /** By the folder's path. */
  readonly findings: readonly Finding[];
  /** Every folder that was read, for who wants to be told when something in one changes. */
  readonly folders: readonly string[];
}

/** Folders below the root in which a package may be: NAME and NAME/VERSION. */
const DEPTH = 2;
/** A larger one is not a manifest. Bytes. */
const MAX_MANIFEST_BYTES = 1024 * 1024;
/** Folders looked into; a root with more is no models folder. */
const MAX_FOLDERS = 10_000;

/** Names are not taken for models: the system's, editors' and our own half-done work. */
const isHidden = (name: string) => name.startsWith('.');

async function leadsToFolder(link: string): Promise<boolean> {
  return (await stat(link).catch(() => undefined))?.isDirectory() ?? false; // A dangling link leads nowhere.
}

/** Throws when `root` itself can't be read. */
export async function lookInto(root: string): Promise<Look> {
  const folders: string[] = [];
  const findings: Finding[] = [];
  await read(root, DEPTH);
  return { folders, findings: findings.sort((a, b) => (a.folder < b.folder ? -1 : 1)) };

  async function read(path: string, depth: number): Promise<void> {
    if (folders.length >= MAX_FOLDERS)
      throw new TwinlensError('INVALID_ARGUMENT', `${root} holds more than ${MAX_FOLDERS} folders.`);
    const entries = await readdir(path, { withFileTypes: true });
    folders.push(path);
    if (path !== root && entries.some(({ name }) => name === 'model.json')) {
      findings.push(await inspect(path));
      return;
    }
    if (depth === 0) return;
    for (const entry of entries) {
      if (isHidden(entry.name)) continue;
      const folder = join(path, entry.name);
      if (entry.isDirectory()) await read(folder, depth - 1).catch((error: unknown) => refuse(folder, error));
      else if (entry.isSymbolicLink() && (await leadsToFolder(folder)))
        refuse(folder, new Error("It is a link; put the model's folder itself there."));
    }
  }

  function refuse(folder: string, error: unknown): void {
    // A folder that went away between two steps is no fault: the next look doesn't see it.
    if (!isMissing(error)) findings.push({ kind: 'refused', folder, reason: asTwinlensError(error).message });
  }
}

/** What the folder of a `model.json` is now. */
async function inspect(folder: string): Promise<Finding> {
  let changedAt = 0;
  const incomplete = (reason: string): Finding => ({ kind: 'incomplete', folder, reason, changedAt });
  try {
    changedAt = (await lstat(folder)).ctimeMs;
    const path = await packagePath(folder, 'model.json');
    const { size, ctimeMs } = await lstat(path);
    changedAt = Math.max(changedAt, ctimeMs);
    if (size > MAX_MANIFEST_BYTES) {
      const reason = `model.json has ${size} bytes; at most ${MAX_MANIFEST_BYTES} are read.`;
      return { kind: 'refused', folder, reason };
    }
    const bytes = await readFile(path);
    const value = parseJson(bytes.toString('utf8'));
    // The beginning of a JSON object is never a JSON text, so what parses has come to its end.
    if (value === undefined) return incomplete('model.json is not valid JSON, or not all of it is there.');
    const manifest = parseManifest(value);
    const print = createHash('sha256').update(bytes);
    for (const [file, entry] of Object.entries(manifest.files)) {
      const found = await lstat(join(folder, file)).catch(() => undefined);
      if (!found) return incomplete(`${file} is missing.`);
      // What is served to browsers must be plain files of the package, whoever wrote it.
      await packagePath(folder, file);
      changedAt = Math.max(changedAt, found.ctimeMs);
      if (found.size !== entry.bytes)
        return incomplete(`${file} has ${found.size} bytes, but model.json says ${entry.bytes}.`);
      print.update(`\n${file} ${found.size} ${found.mtimeMs}`);
    }
    return { kind: 'package', folder, manifest, fingerprint: print.digest('hex') };
  } catch (error) {
    return { kind: 'refused', folder, reason: asTwinlensError(error).message };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // `undefined` is no JSON value, so it can stand for "none".
  }
}
