/** What the disk refuses, in words that say what to do. */
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';

const FULL = ['ENOSPC', 'EDQUOT'];
const CLOSED = ['EROFS', 'EACCES', 'EPERM', 'EIO'];

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

/** The disk is full or can't be written: trying again at once is of no use. */
export function isDiskFault(error: unknown): boolean {
  return FULL.includes(codeOf(error)) || CLOSED.includes(codeOf(error));
}

/** UNAVAILABLE for a fault of the disk, else the error as it is. */
export function diskError(error: unknown, folder: string): TwinlensError {
  if (!isDiskFault(error)) return asTwinlensError(error);
  const message = FULL.includes(codeOf(error))
    ? `The disk of ${folder} is full; make room on it.`
    : `${folder} can't be written; check TWINLENS_DATA and its rights.`;
  return new TwinlensError('UNAVAILABLE', message, { cause: error });
}
