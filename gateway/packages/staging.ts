/**
 * The folder in which imports are made before they are published: one fresh folder an import, owned by the gateway
 * alone. Guarantees that nothing of an earlier run is left in it. It must be on the file system of the published
 * models, so that publishing is a rename. Knows nothing of what is put into its folders.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TwinlensError } from '../../core/errors.ts';
import { onDisk } from './disk.ts';

const PREFIX = 'import-';

export interface Staging {
  readonly root: string;
  /** A fresh, empty folder. Rejects with UNAVAILABLE where the disk refuses. */
  create(): Promise<string>;
  /** Deletes a folder that `create` gave, with all in it; one that is gone already is fine. */
  remove(folder: string): Promise<void>;
}

/** @param root such as DATA/staging; made when it is missing, and emptied of what an earlier run left */
export async function openStaging(root: string): Promise<Staging> {
  const base = resolve(root);
  await onDisk(`The folder ${root} for imports can't be used`, async () => {
    await mkdir(base, { recursive: true });
    const left = (await readdir(base)).filter((name) => name.startsWith(PREFIX));
    await Promise.all(left.map((name) => rm(join(base, name), { recursive: true, force: true })));
  });
  return {
    root: base,
    create: () =>
      onDisk(`The folder ${root} for imports can't be used`, async () => {
        // Somebody may have deleted it while the gateway runs.
        await mkdir(base, { recursive: true });
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
