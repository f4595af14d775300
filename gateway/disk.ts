/** What the system's refusals to read or write mean to the operator, and how to hear them. Knows no files of its own. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TwinlensError } from '../core/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space and try again',
  EDQUOT: "the account's disk quota is used up; free some space and try again",
  EROFS: 'the disk is read-only; mount it writable and try again',
  EACCES: 'the gateway may not write there; give it the right and try again',
  EPERM: 'the gateway may not write there; give it the right and try again',
  EIO: 'the disk fails (EIO); look after it and try again',
  ENOTDIR: 'a file stands where a folder must be; move it away',
  EEXIST: 'a file stands where a folder must be; move it away',
  EMFILE: 'too many files are open; try again later',
  ENFILE: 'too many files are open; try again later',
};

/** The code that Node puts on the errors of the system. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What the disk's refusal means and what to do; undefined for every other error. */
export function diskReason(error: unknown): string | undefined {
  const code = systemCode(error);
  return code !== undefined && Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
}

/** The disk refuses, so that trying again at once is of no use. */
export function isDiskFault(error: unknown): boolean {
  return diskReason(error) !== undefined;
}

/** There is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return systemCode(error) === 'ENOENT';
}

/** Makes a folder, and those above it that are missing. Rejects with what the system says of the first that can't be made. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    // So says Node of a read-only disk, when it makes several folders; of one alone it tells the truth.
    if (!isMissing(error) || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
}

/** UNAVAILABLE where the disk refuses; every other error as it is. @param doing such as "The model can't be unpacked" */
export function diskError(error: unknown, doing: string): unknown {
  if (error instanceof TwinlensError) return error;
  const reason = diskReason(error);
  return reason === undefined ? error : new TwinlensError('UNAVAILABLE', `${doing}: ${reason}.`, { cause: error });
}

/** Runs `work`; what the disk refuses rejects with UNAVAILABLE. */
export async function onDisk<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskError(error, doing);
  }
}
