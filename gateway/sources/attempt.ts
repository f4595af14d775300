/** One request of a download: goes on where the part ends, and checks what is there when it has all come. */
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { isDiskFault } from '../disk.ts';
import { refuseWebPage, request, shown, statusError } from './http.ts';
import type { PartFile } from './part-file.ts';
import type { FetchProgress } from './source.ts';

export interface Expected {
  readonly bytes?: number | undefined;
  /** Lower-case hex. */
  readonly sha256?: string | undefined;
}

export interface AttemptOptions {
  readonly expect?: Expected;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly stallMs: number;
  onProgress?(progress: FetchProgress): void;
}

/** Ends with the whole file in `part`, or throws: UNAVAILABLE where another attempt may help. */
export async function attempt(url: string, part: PartFile, options: AttemptOptions): Promise<void> {
  const { expect = {}, stallMs } = options;
  if (part.length > (expect.bytes ?? options.maxBytes) || !canGoOn(part, url, expect)) await part.restart(undefined);
  if (part.length === 0 || part.length !== expect.bytes) {
    const stalled = new AbortController();
    let timer = setTimeout(() => stalled.abort(), stallMs);
    try {
      await transfer(url, part, { ...options, signal: AbortSignal.any([options.signal, stalled.signal]) }, () => {
        clearTimeout(timer);
        timer = setTimeout(() => stalled.abort(), stallMs);
      });
    } catch (error) {
      if (isDiskFault(error) || (error instanceof TwinlensError && !stalled.signal.aborted)) throw error;
      const why = stalled.signal.aborted ? `nothing came for ${stallMs / 1000} s` : asTwinlensError(error).message;
      throw new TwinlensError('UNAVAILABLE', `${shown(url)} could not be fetched (${why}).`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
  await checkWhole(url, part, expect);
}

/** A part is of use when the other end can tell that its file is the same, or when the sum at the end will tell. */
function canGoOn({ tag }: PartFile, url: string, expect: Expected): boolean {
  return expect.sha256 !== undefined || (tag?.url === url && tag.validator !== undefined);
}

async function transfer(url: string, part: PartFile, options: AttemptOptions, alive: () => void): Promise<void> {
  const { expect = {}, maxBytes } = options;
  const response = await request(url, {
    headers: { ...options.headers, ...rangeHeaders(url, part) },
    signal: options.signal,
  });
  const total = await begin(url, response, part, expect, maxBytes).catch(async (error: unknown) => {
    await response.body?.cancel();
    throw error;
  });
  for await (const piece of response.body ?? []) {
    alive();
    const length = part.length + piece.length;
    if (length > (expect.bytes ?? maxBytes)) {
      await part.restart(undefined);
      checkLength(url, length, expect, maxBytes);
    }
    await part.append(piece);
    options.onProgress?.({ loadedBytes: part.length, totalBytes: total ?? expect.bytes ?? 0 });
  }
  if (total !== undefined && part.length < total)
    throw new TwinlensError('UNAVAILABLE', `${shown(url)} broke off after ${part.length} of ${total} bytes.`);
}

function rangeHeaders(url: string, part: PartFile): Record<string, string> {
  if (part.length === 0) return {};
  // Another address may have other ETags for the same bytes; there the sum at the end tells.
  const validator = part.tag?.url === url ? part.tag.validator : undefined;
  return { range: `bytes=${part.length}-`, ...(validator === undefined ? {} : { 'if-range': validator }) };
}

/**
 * Makes the part ready for the body that comes. Returns the length of the whole file where it is said. A place that
 * has something else leaves the part as it is, for another place to go on with.
 */
async function begin(
  url: string,
  response: Response,
  part: PartFile,
  expect: Expected,
  maxBytes: number,
): Promise<number | undefined> {
  if (response.status === 416) {
    if (expect.bytes !== undefined)
      throw new TwinlensError('INVALID_ARGUMENT', `${shown(url)} has less than the ${expect.bytes} bytes expected.`);
    await part.restart(undefined);
    throw new TwinlensError('UNAVAILABLE', `${shown(url)} has changed while it was fetched; it is fetched anew.`);
  }
  const failure = statusError(url, response);
  if (failure) throw failure;
  refuseWebPage(url, response);
  if (response.status === 206) {
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
    if (start === undefined || total === undefined || Number(start) !== part.length)
      throw new TwinlensError('INVALID_ARGUMENT', `${shown(url)} sent another range than was asked for.`);
    checkLength(url, Number(total), expect, maxBytes);
    return Number(total);
  }
  const length = response.headers.get('content-length');
  if (length !== null) checkLength(url, Number(length), expect, maxBytes);
  await part.restart({ url, validator: validatorOf(response) });
  return length === null ? undefined : Number(length);
}

/** What If-Range may carry: a strong ETag, else the time of the last change. */
function validatorOf(response: Response): string | undefined {
  const etag = response.headers.get('etag');
  if (etag !== null && !etag.startsWith('W/')) return etag;
  return response.headers.get('last-modified') ?? undefined;
}

function checkLength(url: string, bytes: number, expect: Expected, maxBytes: number): void {
  if (expect.bytes !== undefined && bytes !== expect.bytes)
    throw new TwinlensError('INVALID_ARGUMENT', `${shown(url)} has ${bytes} bytes, but ${expect.bytes} are expected.`);
  if (bytes > maxBytes) throw tooLarge(url, maxBytes);
}

export const tooLarge = (what: string, maxBytes: number) =>
  new TwinlensError(
    'PAYLOAD_TOO_LARGE',
    `${shown(what)} has more than ${maxBytes} bytes; TWINLENS_MAX_UPLOAD_BYTES sets the limit.`,
  );

/** What is not the expected file is no part of it either. */
async function checkWhole(url: string, part: PartFile, expect: Expected): Promise<void> {
  const { length, sha256 } = part;
  if ((expect.bytes ?? length) === length && (expect.sha256 ?? sha256) === sha256) return;
  await part.restart(undefined);
  checkLength(url, length, expect, Number.POSITIVE_INFINITY);
  throw new TwinlensError('INVALID_ARGUMENT', `${shown(url)} has sha256 ${sha256}, but ${expect.sha256} is expected.`);
}
