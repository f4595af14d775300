/** What the system's refusals to write mean to the operator. Knows no files of its own. */
import { TwinlensError } from '../../core/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space and try again',
  EDQUOT: "the account's disk quota is used up; free some space and try again",
  EROFS: 'the disk is read-only; mount it writable and try again',
  EACCES: 'the gateway may not write there; give it the right and try again',
  EPERM: 'the gateway may not write there; give it the right and try again',
  ENOTDIR: 'a file stands where a folder must be; move it away',
  EEXIST: 'a file stands where a folder must be; move it away',
  EMFILE: 'too many files are open; try again later',
  ENFILE: 'too many files are open; try again later',
};

/** The code that Node puts on the errors of the system. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** UNAVAILABLE where the disk refuses; every other error as it is. @param doing such as "The model can't be unpacked" */
export function diskError(error: unknown, doing: string): unknown {
  if (error instanceof TwinlensError) return error;
  const reason = REASONS[systemCode(error) ?? ''];
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
