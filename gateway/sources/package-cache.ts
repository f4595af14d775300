/**
 * Packages that were fetched from elsewhere, on this disk: `NAME/VERSION/CONTENT`, each put there whole by one rename,
 * so that a crash leaves either all of a version or none. Downloads that broke off are kept to go on with. Knows
 * nothing of where files come from.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { diskError, isMissing, makeFolder } from '../disk.ts';
import { readManifest } from '../instances/index.ts';
import type { Importer, ImportInput } from '../packages/index.ts';
import type { PackageOnDisk } from './source.ts';

/** One version with a certain content. */
export interface CacheKey {
  readonly name: string;
  readonly version: number;
  readonly fingerprint: string;
}

/** Where a version's files are gathered before they are a package. */
export interface Workplace {
  /** An empty folder for the input of the import. */
  readonly input: string;
  /** Downloads that broke off, and may go on: shared by all versions, kept over restarts. */
  readonly parts: string;
}

/** Brings what is to be imported into the workplace. */
export type Gather = (workplace: Workplace, signal: AbortSignal) => Promise<ImportInput>;

/** Hidden names are no models, so these can't collide with one. */
const WORK = '.work';
const PARTS = '.parts';
/** Milliseconds after which nobody is expected to go on with a download. */
const PART_AGE_MS = 7 * 86_400_000;
/** Digits of the fingerprint that name a folder. */
const DIGITS = 16;

export class PackageCache {
  readonly #folder: string;
  readonly #importer: Importer;
  readonly #now: () => number;
  /** The last fetch of each version, so that two don't work on the same files. */
  readonly #fetching = new Map<string, Promise<unknown>>();

  constructor(folder: string, importer: Importer, now: () => number) {
    this.#folder = folder;
    this.#importer = importer;
    this.#now = now;
  }

  /** The package when it is here. */
  async find(key: CacheKey): Promise<PackageOnDisk | undefined> {
    const folder = this.#pathOf(key);
    try {
      return { folder, manifest: await readManifest(folder) };
    } catch {
      return undefined; // Not fetched yet, or somebody has removed it: it is fetched again.
    }
  }

  /** The package, made of what `gather` brings when it isn't here. Rejects with a TwinlensError. */
  async fetch(key: CacheKey, gather: Gather, signal: AbortSignal): Promise<PackageOnDisk> {
    const path = this.#pathOf(key);
    const earlier = this.#fetching.get(path) ?? Promise.resolve();
    const fetching = earlier.then(async () => (await this.find(key)) ?? this.#make(key, gather, signal));
    const settled = fetching.then(
      () => undefined,
      () => undefined, // Whoever asked for it is told; the next one tries anew.
    );
    this.#fetching.set(path, settled);
    try {
      return await fetching;
    } finally {
      if (this.#fetching.get(path) === settled) this.#fetching.delete(path);
    }
  }

  /** Removes what a crash has left and every package for which nobody will ask: to be called before the first fetch. */
  async tidy(keep: readonly CacheKey[]): Promise<void> {
    await rm(join(this.#folder, WORK), { recursive: true, force: true });
    await this.#forgetOldParts();
    const kept = new Set(keep.map((key) => this.#pathOf(key)));
    for (const name of await list(this.#folder)) {
      if (name.startsWith('.')) continue;
      for (const version of await list(join(this.#folder, name))) {
        for (const content of await list(join(this.#folder, name, version))) {
          const path = join(this.#folder, name, version, content);
          if (!kept.has(path)) await rm(path, { recursive: true, force: true });
        }
      }
    }
  }

  async #make(key: CacheKey, gather: Gather, signal: AbortSignal): Promise<PackageOnDisk> {
    const work = join(this.#folder, WORK, randomUUID());
    const [input, output, parts] = [join(work, 'input'), join(work, 'output'), join(this.#folder, PARTS)];
    try {
      for (const folder of [input, output, parts]) await makeFolder(folder);
      const gathered = await gather({ input, parts }, signal);
      const made = await this.#importer(gathered, {
        into: output,
        nextVersion: () => key.version,
        signal,
        onStep: () => undefined,
      });
      const { name, version } = made.manifest;
      if (name !== key.name || version !== key.version) {
        const promised = `${key.name}@${key.version}`;
        throw new TwinlensError(
          'INVALID_ARGUMENT',
          `The package is ${name}@${version}, not ${promised} as it is listed.`,
        );
      }
      const folder = this.#pathOf(key);
      await makeFolder(join(folder, '..'));
      // A folder that can't be read as a package is in the way of one that can.
      await rm(folder, { recursive: true, force: true });
      await rename(made.folder, folder);
      return { folder, manifest: made.manifest };
    } catch (error) {
      throw asTwinlensError(diskError(error, `${this.#folder} can't be written`));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  async #forgetOldParts(): Promise<void> {
    const folder = join(this.#folder, PARTS);
    for (const file of await list(folder)) {
      const path = join(folder, file);
      const { mtimeMs } = await stat(path);
      if (this.#now() - mtimeMs > PART_AGE_MS) await rm(path, { recursive: true, force: true });
    }
  }

  #pathOf({ name, version, fingerprint }: CacheKey): string {
    return join(this.#folder, name, String(version), fingerprint.slice(0, DIGITS));
  }
}

/** What a folder holds; nothing when it isn't there. */
async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
