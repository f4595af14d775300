/**
 * Who may use the admin API: the bearer of the token that counts now, or, when none is configured, this machine only. Guarantees
 * that no page of another site gets in with the powers of a visitor's browser (CSRF, DNS rebinding). Says no by
 * throwing; knows no routes and does not read bodies.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { TwinlensError } from '../../core/errors.ts';
import type { Log } from '../telemetry/index.ts';
import { bearerOf } from './bearer.ts';
import type { Caller } from './caller.ts';
import { Lockout } from './lockout.ts';
import { isLoopbackAddress, isLoopbackHost } from './loopback.ts';
import { networkOf } from './network.ts';
import type { TokenBook } from './token-book.ts';

export interface AdminGateOptions {
  /** Undefined: only this machine may ask. */
  readonly tokens: TokenBook | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: Pick<Log, 'warn'>;
}

export interface AdminRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly caller: Caller;
}

/** A custom header can't be sent to another site without a preflight, and preflights are refused. */
export const ADMIN_HEADER = 'x-twinlens-admin';

const FAILURES = 10;
const WINDOW_MS = 300_000;
const LOCK_MS = 300_000;
const MAX_ADDRESSES = 10_000;

const HOW_TO_CONFIGURE =
  'set TWINLENS_ADMIN_TOKEN (or TWINLENS_ADMIN_TOKEN_FILE) to a secret of at least 16 characters, start the gateway again and send it as "Authorization: Bearer ..."';

const FORWARDED = /^(?:forwarded|via|x-real-ip|x-forwarded(?:-.*)?)$/;
const BODY_TYPES = ['application/json', 'application/octet-stream'];

export class AdminGate {
  readonly #tokens: TokenBook | undefined;
  readonly #lockout: Lockout;
  readonly #log: AdminGateOptions['log'];

  constructor({ tokens, now, log }: AdminGateOptions) {
    this.#tokens = tokens;
    this.#lockout = new Lockout({
      now,
      failures: FAILURES,
      windowMs: WINDOW_MS,
      lockMs: LOCK_MS,
      maxAddresses: MAX_ADDRESSES,
    });
    this.#log = log;
  }

  get access(): 'token' | 'loopback' {
    return this.#tokens === undefined ? 'loopback' : 'token';
  }

  /** Throws UNAUTHENTICATED, PERMISSION_DENIED, RATE_LIMITED or UNSUPPORTED_MEDIA. */
  check(request: AdminRequest): void {
    checkSite(request.headers);
    if (this.#tokens === undefined) checkLoopback(request);
    else this.#checkToken(request, this.#tokens);
    if (request.method !== 'GET' && request.method !== 'HEAD') checkChange(request, this.access);
  }

  #checkToken({ headers, caller }: AdminRequest, tokens: TokenBook): void {
    const network = networkOf(caller.address);
    const lockedMs = this.#lockout.remainingMs(network);
    if (lockedMs > 0) throw lockedOut(lockedMs);
    const given = bearerOf(headers);
    if (given === undefined) {
      // No guess, so it isn't counted: the page asks without a token to learn that it needs one.
      throw new TwinlensError('UNAUTHENTICATED', 'Send the admin token as "Authorization: Bearer ...".');
    }
    if (tokens.ownerOf(given)) return;
    const locked = this.#lockout.fail(network);
    const fields = {
      event_type: locked ? 'admin_locked_out' : 'admin_refused',
      address: caller.address,
      network,
      locked,
    };
    this.#log.warn(fields, locked ? 'too many wrong admin tokens: the address is locked out' : 'a wrong admin token');
    throw new TwinlensError('UNAUTHENTICATED', 'The admin token is wrong; see TWINLENS_ADMIN_TOKEN of the gateway.');
  }
}

function lockedOut(retryAfterMs: number): TwinlensError {
  const seconds = Math.ceil(retryAfterMs / 1000);
  return new TwinlensError(
    'RATE_LIMITED',
    `Too many wrong tokens came from this address; try again in ${seconds} seconds.`,
    { retryAfterMs },
  );
}

/** Browsers say from where a request comes; programs don't, and are not held to it. */
function checkSite(headers: IncomingHttpHeaders): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  const foreign =
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()));
  if (!foreign) return;
  throw new TwinlensError(
    'PERMISSION_DENIED',
    'Another site may not use the admin API; open /admin of this gateway itself.',
  );
}

function checkLoopback({ headers, caller }: AdminRequest): void {
  const refuse = (why: string) =>
    new TwinlensError(
      'PERMISSION_DENIED',
      `Without a token only this machine may use the admin API, and ${why}; ${HOW_TO_CONFIGURE}.`,
    );
  // A proxy on this machine makes everybody local, so whom it names does not matter.
  if (caller.proxied) throw refuse('the request came through a proxy');
  if (!isLoopbackAddress(caller.address)) throw refuse('the request came from another one');
  if (!isLoopbackHost(headers.host)) throw refuse('the request names another host (use http://localhost)');
  // Also one that the operator did not name.
  if (Object.keys(headers).some((name) => FORWARDED.test(name))) throw refuse('the request came through a proxy');
}

/** What changes something must be such that a form or a simple fetch of another site can't send it. */
function checkChange({ headers }: AdminRequest, access: 'token' | 'loopback'): void {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  const body = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (type === undefined ? body : !BODY_TYPES.includes(type)) {
    throw new TwinlensError('UNSUPPORTED_MEDIA', `Send the body as ${BODY_TYPES.join(' or as ')}.`);
  }
  if (access === 'loopback' && headers[ADMIN_HEADER] !== '1') {
    throw new TwinlensError('PERMISSION_DENIED', `Without a token, changes need the header "${ADMIN_HEADER}: 1".`);
  }
}
