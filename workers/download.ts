/**
 * Fetches one file of a model package: bounded, hashed, with progress, given up when it stalls, tried
 * again a few times. Never hands out bytes that are not what the manifest promises. Stores nothing.
 */
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import type { FileEntry } from '../core/manifest.ts';

const ATTEMPTS = 3;
/** Milliseconds before the second attempt; doubled before each further one. */
const BACKOFF_MS = 500;
/** Milliseconds without a byte after which a transfer counts as stalled. */
const STALL_MS = 30_000;

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that came so far; starts again from 0 with each attempt. */
  onProgress?(bytes: number): void;
}

const cancelled = () => new TwinlensError('CANCELLED', 'Loading the model was cancelled.');

/** Lower-case hex. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function waitBeforeRetry(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(cancelled());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** A response whose failure says whether trying again can help. */
export function checkResponse(response: Response, what: string): void {
  if (response.ok) return;
  if (response.status === 404) throw new TwinlensError('MODEL_NOT_FOUND', `The gateway does not have ${what}.`);
  if (response.status < 500 && response.status !== 429) {
    throw new TwinlensError('INVALID_ARGUMENT', `The gateway refused ${what} with status ${response.status}.`);
  }
  throw new TwinlensError('UNAVAILABLE', `The gateway answered ${response.status} for ${what}; try again.`);
}

async function readBody(
  response: Response,
  what: string,
  entry: FileEntry,
  alive: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const wrongLength = () =>
    new TwinlensError('INVALID_ARGUMENT', `${what} is not the ${entry.bytes} bytes long that model.json says.`);
  if (!response.body) throw new TwinlensError('UNAVAILABLE', `The gateway sent no ${what}; try again.`);
  const bytes = new Uint8Array(entry.bytes);
  const reader = response.body.getReader();
  let length = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (length + part.value.length > bytes.length) {
      await reader.cancel();
      throw wrongLength();
    }
    bytes.set(part.value, length);
    length += part.value.length;
    alive(length);
  }
  if (length < bytes.length) throw wrongLength();
  return bytes;
}

async function attempt(
  url: string,
  what: string,
  entry: FileEntry,
  options: DownloadOptions,
  cache: RequestCache,
): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, onProgress } = options;
  const abort = new AbortController();
  const onAbort = () => abort.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  let stall = setTimeout(onAbort, STALL_MS);
  try {
    const response = await fetch(url, { signal: abort.signal, cache });
    checkResponse(response, what);
    const bytes = await readBody(response, what, entry, (length) => {
      clearTimeout(stall);
      stall = setTimeout(onAbort, STALL_MS);
      onProgress?.(length);
    });
    if ((await sha256(bytes)) !== entry.sha256) {
      throw new TwinlensError(
        'INVALID_ARGUMENT',
        `${what} came damaged: its sha256 is not the one in model.json. Publish the model again.`,
      );
    }
    return bytes;
  } catch (error) {
    if (signal?.aborted) throw cancelled();
    if (error instanceof TwinlensError) throw error;
    const why = abort.signal.aborted ? `nothing came for ${STALL_MS / 1000} s` : asTwinlensError(error).message;
    throw new TwinlensError('UNAVAILABLE', `${what} could not be fetched (${why}); check the connection.`, {
      cause: error,
    });
  } finally {
    clearTimeout(stall);
    signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * The verified bytes of one file.
 * Errors: CANCELLED, UNAVAILABLE (network), MODEL_NOT_FOUND, INVALID_ARGUMENT (not what the manifest says).
 */
export async function download(
  url: string,
  what: string,
  entry: FileEntry,
  options: DownloadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  for (let tries = 1; ; tries += 1) {
    if (options.signal?.aborted) throw cancelled();
    try {
      // Past the HTTP cache after a failure: it may be what holds the damaged copy.
      return await attempt(url, what, entry, options, tries === 1 ? 'default' : 'reload');
    } catch (error) {
      const known = asTwinlensError(error, 'UNAVAILABLE');
      const hopeless = known.code === 'CANCELLED' || known.code === 'MODEL_NOT_FOUND';
      const damagedAgain = known.code === 'INVALID_ARGUMENT' && tries > 1;
      if (hopeless || damagedAgain || tries >= ATTEMPTS) throw known;
      await waitBeforeRetry(BACKOFF_MS * 2 ** (tries - 1), options.signal);
    }
  }
}
