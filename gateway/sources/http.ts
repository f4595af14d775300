/**
 * HTTP as sources ask: http and https only, a bounded number of redirects, secrets only for the host that they are
 * for, bounded texts, and every failure as a TwinlensError that says what the other end did. Retries nothing.
 */
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Headers that another origin than the one asked must not see. */
const SECRET_HEADERS = ['authorization', 'cookie'];

/** The address without user, password and query, which may hold secrets. */
export function shown(address: string): string {
  if (!URL.canParse(address)) return address;
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
}

function parseAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new TwinlensError('INVALID_ARGUMENT', `${shown(address)} is not an http or https address.`);
}

/** The user and password of an address as the header that they stand for; fetch refuses them in addresses. */
function takeCredentials(url: URL, headers: Headers): void {
  if (url.username === '' && url.password === '') return;
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
  url.username = '';
  url.password = '';
}

/** Any answer that is no redirect, whatever its status. Rejects with UNAVAILABLE when there is none. */
export async function request(address: string, options: RequestOptions): Promise<Response> {
  let url = parseAddress(address);
  const headers = new Headers(options.headers);
  headers.set('accept-encoding', 'identity');
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    takeCredentials(url, headers);
    let response: Response;
    try {
      response = await fetch(url, { headers, signal: options.signal, redirect: 'manual' });
    } catch (cause) {
      throw new TwinlensError('UNAVAILABLE', `${shown(url.href)} can't be reached (${reasonOf(cause)}).`, { cause });
    }
    const location = response.headers.get('location');
    if (!REDIRECTS.has(response.status) || location === null) return response;
    await response.body?.cancel();
    const next = parseAddress(URL.canParse(location, url.href) ? new URL(location, url.href).href : location);
    if (next.origin !== url.origin) for (const name of SECRET_HEADERS) headers.delete(name);
    url = next;
  }
  throw new TwinlensError('INVALID_ARGUMENT', `${shown(address)} redirects more than ${MAX_REDIRECTS} times.`);
}

/** What fetch says is "fetch failed"; its cause says more. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return asTwinlensError(cause).message;
}

/** The failure that a status stands for; undefined for 2xx and 304. */
export function statusError(address: string, { status, headers }: Response): TwinlensError | undefined {
  if ((status >= 200 && status < 300) || status === 304) return undefined;
  const where = shown(address);
  if (status === 404 || status === 410)
    return new TwinlensError('NOT_FOUND', `${where} is not there (status ${status}); check the address.`);
  if (status === 401 || status === 403)
    return new TwinlensError('PERMISSION_DENIED', `${where} may not be read (status ${status}); check the token.`);
  if (status === 429 || status >= 500) {
    const seconds = Number(headers.get('retry-after') ?? Number.NaN);
    return new TwinlensError('UNAVAILABLE', `${where} answers with status ${status}; try again later.`, {
      ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
    });
  }
  return new TwinlensError('INVALID_ARGUMENT', `${where} answers with status ${status}.`);
}

/** A web page where something else is expected is what portals, logins and hosts with a wrong address answer. */
export function refuseWebPage(address: string, response: Response): void {
  const type = response.headers.get('content-type') ?? '';
  if (/^\s*(text\/html|application\/xhtml\+xml)/i.test(type))
    throw new TwinlensError('UNSUPPORTED_MEDIA', `${shown(address)} is a web page; give the file's own address.`);
}

/** The whole body as text. Rejects with PAYLOAD_TOO_LARGE as soon as it is longer than `maxBytes`. */
export async function readText(address: string, response: Response, maxBytes: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  if (!response.body) return '';
  try {
    for await (const piece of response.body) {
      length += piece.length;
      if (length > maxBytes) {
        // Leaving the loop cancels the rest.
        throw new TwinlensError('PAYLOAD_TOO_LARGE', `${shown(address)} has more than ${maxBytes} bytes.`);
      }
      pieces.push(piece);
    }
  } catch (cause) {
    if (cause instanceof TwinlensError) throw cause;
    throw new TwinlensError('UNAVAILABLE', `${shown(address)} broke off (${reasonOf(cause)}).`, { cause });
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** A JSON text as a value that nobody has checked. */
export function parseJsonText(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', `${what} is not valid JSON.`, { cause });
  }
}

/** `outer`, or after `ms`: what a request may take at most. */
export function within(ms: number, outer: AbortSignal): AbortSignal {
  return AbortSignal.any([outer, AbortSignal.timeout(ms)]);
}
