/**
 * Brings one file from an http(s) address onto the disk: bounded, hashed, with progress, given up when it stalls, and
 * tried again a few times from where it broke off, also after a restart. The file gets its name only when it is what
 * was expected. Knows no models.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { diskError, isDiskFault } from '../disk.ts';
import { attempt, type Expected, tooLarge } from './attempt.ts';
import { shown } from './http.ts';
import { PartFile } from './part-file.ts';
import type { FetchProgress } from './source.ts';

export interface DownloadTiming {
  /** Milliseconds without a byte after which an attempt counts as stalled. */
  readonly stallMs: number;
  /** Milliseconds for everything. */
  readonly totalMs: number;
  /** Attempts in a row that bring nothing new. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled before each further one. */
  readonly backoffMs: number;
}

export interface DownloadOptions {
  /** Path of the file; its folder exists. What came of it so far is kept beside it. */
  readonly into: string;
  /** What it must be. */
  readonly expect?: Expected;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  onProgress?(progress: FetchProgress): void;
  readonly timing?: Partial<DownloadTiming>;
}

export interface Downloaded {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

const TIMING: DownloadTiming = { stallMs: 30_000, totalMs: 3_600_000, attempts: 4, backoffMs: 500 };
/** Longest wait that the other end can ask for, milliseconds. */
const MAX_RETRY_AFTER_MS = 30_000;

/**
 * Errors: CANCELLED, UNAVAILABLE (network, the other end's fault, disk), NOT_FOUND, PERMISSION_DENIED,
 * PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA (a web page), INVALID_ARGUMENT (not what was expected).
 */
export async function downloadFile(url: string, options: DownloadOptions): Promise<Downloaded> {
  const { into, expect, maxBytes } = options;
  if ((expect?.bytes ?? 0) > maxBytes) throw tooLarge(url, maxBytes);
  const part = new PartFile(into);
  try {
    await part.open();
    await complete(url, part, options);
    const done = { bytes: part.length, sha256: part.sha256 };
    await part.finish(into);
    return done;
  } catch (error) {
    const known = options.signal.aborted
      ? cancelled(error)
      : asTwinlensError(diskError(error, `${into} can't be written`));
    // What came is kept to go on with, from here or from another place that has the same file.
    if (part.length > 0) await part.close();
    else await part.discard();
    throw known;
  }
}

const cancelled = (cause: unknown) => new TwinlensError('CANCELLED', 'Fetching was cancelled.', { cause });

/** Attempts until the part is the whole file. */
async function complete(url: string, part: PartFile, options: DownloadOptions): Promise<void> {
  const { stallMs, totalMs, attempts, backoffMs } = { ...TIMING, ...options.timing };
  const late = AbortSignal.timeout(totalMs);
  const signal = AbortSignal.any([options.signal, late]);
  // A part from earlier may be of another file that had the same address; a fresh one can't be.
  let doubtful = part.length > 0;
  for (let failures = 0; ; ) {
    const before = part.length;
    try {
      return await attempt(url, part, { ...options, signal, stallMs });
    } catch (error) {
      if (options.signal.aborted || isDiskFault(error)) throw error;
      if (late.aborted)
        throw new TwinlensError('UNAVAILABLE', `${shown(url)} took longer than ${totalMs / 1000} s.`, { cause: error });
      const known = asTwinlensError(error, 'UNAVAILABLE');
      failures = part.length > before ? 1 : failures + 1;
      const mayHelp = known.code === 'UNAVAILABLE' || (known.code === 'INVALID_ARGUMENT' && doubtful);
      if (!mayHelp || failures >= attempts) throw known;
      doubtful = false;
      const wait = known.retryAfterMs ?? backoffMs * 2 ** (failures - 1);
      await pause(Math.min(wait, MAX_RETRY_AFTER_MS), undefined, { signal });
    }
  }
}
