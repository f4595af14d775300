/**
 * Brings a checked package into the folder of published models as NAME/VERSION by one rename. Guarantees that a
 * reader sees the whole package or none, and that a version is never replaced, also when two are published at once.
 * Knows nothing of serving.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { TwinlensError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { diskError, makeFolder, onDisk, systemCode } from '../disk.ts';

export interface Publication {
  /** The package; gone from there afterwards. It must be on the file system of `root`. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Folder of the published models, such as DATA/models; made when it is missing. */
  readonly root: string;
  readonly signal?: AbortSignal | undefined;
}

/** Undoes `publishPackage`: the package is where it was again. Rejects where the disk refuses; then it stays published. */
export function takeBack(place: string, folder: string): Promise<void> {
  return onDisk(`${place} can't be taken back, so it is published all the same`, () => rename(place, folder));
}

/** What `rename` says when there is something in the place already. */
const TAKEN = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EISDIR'];

/**
 * Resolves with the published folder. Errors: CONFLICT when the version exists, UNAVAILABLE where the disk
 * refuses, CANCELLED. After an error the package is where it was.
 */
export async function publishPackage({ folder, manifest, root, signal }: Publication): Promise<string> {
  const { name, version } = manifest;
  const place = join(root, name, String(version));
  const doing = `${name} version ${version} can't be published`;
  await onDisk(doing, () => makeFolder(join(root, name)));
  try {
    if (signal?.aborted) throw new TwinlensError('CANCELLED', 'Publishing was cancelled.');
    // A folder that has files in it is never replaced by a rename: of two at once the second one fails.
    await rename(folder, place);
    return place;
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (TAKEN.includes(code)) {
      throw new TwinlensError(
        'CONFLICT',
        `${name} version ${version} exists already; give the package another version, or remove that one first.`,
        { cause: error },
      );
    }
    if (code === 'EXDEV') {
      throw new TwinlensError('UNAVAILABLE', `${folder} and ${root} must be on one disk to publish at once.`, {
        cause: error,
      });
    }
    throw diskError(error, doing);
  }
}
