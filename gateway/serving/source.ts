/**
 * The folder source: finds model packages below a folder, as `NAME/model.json` or
 * `NAME/VERSION/model.json`, and emits the full list of aspired versions. Reads manifests only;
 * a package that can't be read is reported and aspires to nothing.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { packagePath, readManifest } from '../instances/index.ts';
import type { Source, SourceSnapshot } from '../sources/index.ts';

export interface Aspired {
  readonly name: string;
  readonly version: number;
  /** Absolute or relative path of the package. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export interface Refused {
  readonly folder: string;
  readonly error: TwinlensError;
}

export interface Scan {
  readonly aspired: readonly Aspired[];
  readonly refused: readonly Refused[];
}

/** Folders below the models folder in which a package may be: NAME and NAME/VERSION. */
const DEPTH = 2;

async function leadsToFolder(link: string): Promise<boolean> {
  return (await stat(link).catch(() => undefined))?.isDirectory() ?? false; // A dangling link leads nowhere.
}

/** Adds the packages in `path`, and what can't be one though it looks like it, to `found`. */
async function look(path: string, depth: number, found: { packages: string[]; refused: Refused[] }): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const folder = join(path, entry.name);
    try {
      if (entry.isSymbolicLink() && (await leadsToFolder(folder))) {
        throw new TwinlensError('INVALID_ARGUMENT', `${folder} is a link; put the model's folder itself there.`);
      }
      if (!entry.isDirectory()) continue;
      if ((await readdir(folder)).includes('model.json')) found.packages.push(folder);
      else if (depth > 1) await look(folder, depth - 1, found);
    } catch (error) {
      found.refused.push({ folder, error: asTwinlensError(error, 'INVALID_ARGUMENT') });
    }
  }
}

/** Throws INVALID_ARGUMENT when `root` itself can't be read. */
export async function scanFolder(root: string): Promise<Scan> {
  const packages: string[] = [];
  const refused: Refused[] = [];
  try {
    await look(root, DEPTH, { packages, refused });
  } catch (cause) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `The models folder ${root} can't be read; set TWINLENS_MODELS to one that can.`,
      { cause },
    );
  }
  const aspired: Aspired[] = [];
  for (const folder of packages.sort()) {
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

/** The folder as a source that is read when asked to; it does not watch. */
export function scannedFolder(root: string): Source {
  const name = 'models';
  const listeners = new Set<() => void>();
  let snapshot: SourceSnapshot = {
    aspired: [],
    status: { name, kind: 'folder', location: root, checking: false, refused: [], offers: [] },
  };
  const check = async () => {
    try {
      const { aspired, refused } = await scanFolder(root);
      snapshot = {
        aspired: aspired.map(({ folder, manifest, ...found }) => ({
          ...found,
          source: name,
          fingerprint: folder,
          manifest,
          removable: false,
          fetch: async () => ({ folder, manifest }),
        })),
        status: {
          ...snapshot.status,
          refused: refused.map(({ folder, error }) => ({ what: folder, reason: error.message })),
        },
      };
    } catch (error) {
      snapshot = { ...snapshot, status: { ...snapshot.status, error: asTwinlensError(error).message } };
    }
    for (const listener of listeners) listener();
  };
  return {
    name,
    kind: 'folder',
    get snapshot() {
      return snapshot;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: check,
    check,
    follow: () => undefined,
    close: () => Promise.resolve(),
  };
}
