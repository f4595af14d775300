/**
 * The folder source: finds model packages below a folder, as `NAME/model.json` or
 * `NAME/VERSION/model.json`, and emits the full list of aspired versions. Reads manifests only;
 * a package that can't be read is reported and aspires to nothing.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { packagePath, readManifest } from '../instances/index.ts';

export interface Aspired {
  readonly name: string;
  readonly version: number;
  /** Absolute or relative path of the package. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export interface Scan {
  readonly aspired: readonly Aspired[];
  readonly refused: readonly { readonly folder: string; readonly error: TwinlensError }[];
}

async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => join(path, entry.name));
}

async function isPackage(folder: string): Promise<boolean> {
  return (await readdir(folder)).includes('model.json');
}

async function packageFolders(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of await folders(root)) {
    if (await isPackage(folder)) {
      found.push(folder);
      continue;
    }
    for (const inner of await folders(folder)) if (await isPackage(inner)) found.push(inner);
  }
  return found.sort();
}

/** Throws INVALID_ARGUMENT when `root` itself can't be read. */
export async function scanFolder(root: string): Promise<Scan> {
  let packages: string[];
  try {
    packages = await packageFolders(root);
  } catch (cause) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `The models folder ${root} can't be read; set TWINLENS_MODELS to one that can.`,
      { cause },
    );
  }
  const aspired: Aspired[] = [];
  const refused: { folder: string; error: TwinlensError }[] = [];
  for (const folder of packages) {
    try {
      const manifest = await readManifest(folder);
      const { name, version } = manifest;
      // What is served to browsers must be plain files of the package, whoever wrote it.
      for (const file of Object.keys(manifest.files)) await packagePath(folder, file);
      const same = aspired.find((other) => other.name === name && other.version === version);
      if (same)
        throw new TwinlensError(
          'INVALID_ARGUMENT',
          `${name}@${version} is in ${same.folder} already; raise the version.`,
        );
      aspired.push({ name, version, folder, manifest });
    } catch (error) {
      refused.push({ folder, error: asTwinlensError(error) });
    }
  }
  return { aspired, refused };
}
