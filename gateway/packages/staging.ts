/**
 * The folder in which imports are made before they are published: one fresh folder an import, owned by the gateway
 * alone. It is made when it is needed, so that a disk that refuses at the start may be mended later. It must be on the
 * file system of the published models, so that publishing is a rename. Knows nothing of what is put into its folders.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TwinlensError } from '../../core/errors.ts';
import { makeFolder, onDisk } from '../disk.ts';

const PREFIX = 'import-';

export interface Staging {
  readonly root: string;
  /** Deletes what an earlier run left; to be called before the first `create`. Rejects with UNAVAILABLE. */
  sweep(): Promise<void>;
  /** A fresh, empty folder. Rejects with UNAVAILABLE where the disk refuses. */
  create(): Promise<string>;
  /** Deletes a folder that `create` gave, with all in it; one that is gone already is fine. */
  remove(folder: string): Promise<void>;
}

/** @param root such as DATA/staging */
export function createStaging(root: string): Staging {
  const base = resolve(root);
  const unusable = `The folder ${root} for imports can't be used`;
  return {
    root: base,
    sweep: () =>
      onDisk(unusable, async () => {
        await makeFolder(base);
        const left = (await readdir(base)).filter((name) => name.startsWith(PREFIX));
        await Promise.all(left.map((name) => rm(join(base, name), { recursive: true, force: true })));
      }),
    create: () =>
      onDisk(unusable, async () => {
        // Somebody may have deleted it while the gateway runs.
        await makeFolder(base);
        return mkdtemp(join(base, PREFIX));
      }),
    async remove(folder) {
      if (dirname(resolve(folder)) !== base) {
        throw new TwinlensError('INTERNAL', `${folder} is no folder of an import.`);
      }
      await onDisk('What an import left behind can not be deleted', () => rm(folder, { recursive: true, force: true }));
    },
  };
}
