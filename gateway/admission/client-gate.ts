/**
 * Who may use the API: everybody, or, when client tokens are configured, their bearers; and how often each may ask.
 * Guarantees that a client's right token always comes in, whatever others send from the same address, and that no token
 * is logged. Knows no routes and no transport.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { Log } from '../telemetry/index.ts';
import { bearerOf, handshakeTokenOf } from './bearer.ts';
import type { Rate } from './bucket.ts';
import type { Caller } from './caller.ts';
import { Lockout } from './lockout.ts';
import { networkOf } from './network.ts';
import { RateLimit } from './rate-limit.ts';
import type { Owner, TokenBook } from './token-book.ts';

/** Somebody who was let in. */
export interface Client {
  /** Of its token; undefined where none is needed. */
  readonly name: string | undefined;
  /** What limits and turns go by. */
  readonly key: string;
  /** False once its token counts no more. */
  readonly valid: () => boolean;
}

export interface ClientGateOptions {
  /** Undefined: the API is open to all. */
  readonly tokens: TokenBook | undefined;
  /** Tokens of operators, who may do what clients may; undefined: there are none. */
  readonly operators: TokenBook | undefined;
  /** Undefined: everybody may ask as often as they like. */
  readonly rate: Rate | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: Pick<Log, 'warn'>;
  /** Told of every request that was one too many. */
  readonly limited: () => void;
}

const FAILURES = 10;
const WINDOW_MS = 60_000;
const LOCK_MS = 60_000;
/** Clients and addresses that are remembered. */
const MAX_REMEMBERED = 10_000;

const HOW = 'send one as "Authorization: Bearer ..." (browsers, on a WebSocket: as the subprotocol twinlens.token....)';

export class ClientGate {
  readonly #options: ClientGateOptions;
  readonly #lockout: Lockout;
  readonly #rates: RateLimit | undefined;

  constructor(options: ClientGateOptions) {
    const { now, rate } = options;
    this.#options = options;
    this.#lockout = new Lockout({
      now,
      failures: FAILURES,
      windowMs: WINDOW_MS,
      lockMs: LOCK_MS,
      maxAddresses: MAX_REMEMBERED,
    });
    this.#rates = rate && new RateLimit({ rate, now, maxClients: MAX_REMEMBERED });
  }

  get access(): 'open' | 'token' {
    return this.#options.tokens === undefined ? 'open' : 'token';
  }

  /** Who sends this request. Throws UNAUTHENTICATED, and RATE_LIMITED to who guesses. */
  identify(caller: Caller, headers: IncomingHttpHeaders): Client {
    return this.#identify(caller, bearerOf(headers));
  }

  /** Who opens this WebSocket. Throws as `identify`. */
  identifyHandshake(caller: Caller, headers: IncomingHttpHeaders): Client {
    return this.#identify(caller, handshakeTokenOf(headers));
  }

  /** Counts one request of this client. Throws RATE_LIMITED when it asks too much. */
  charge({ key }: Pick<Client, 'key'>): void {
    try {
      this.#rates?.take(key);
    } catch (error) {
      this.#options.limited();
      throw asTwinlensError(error);
    }
  }

  /** Calls `listener` whenever clients may have become invalid. */
  onChange(listener: () => void): void {
    this.#options.tokens?.onChange(listener);
    this.#options.operators?.onChange(listener);
  }

  #identify(caller: Caller, token: string | undefined): Client {
    const { tokens, operators } = this.#options;
    const network = networkOf(caller.address);
    if (tokens === undefined) return { name: undefined, key: `address ${network}`, valid: () => true };
    if (token === undefined) throw new TwinlensError('UNAUTHENTICATED', `This gateway asks for a token; ${HOW}.`);
    const owner = tokens.ownerOf(token);
    if (owner) return toClient(owner);
    const retryAfterMs = this.#lockout.remainingMs(network);
    if (retryAfterMs > 0) {
      // Who goes on guessing is logged no more, and can't find the operators' token this way.
      throw new TwinlensError('RATE_LIMITED', 'Too many wrong tokens came from this address.', { retryAfterMs });
    }
    const operator = operators?.ownerOf(token);
    if (operator) return toClient(operator);
    throw this.#wrong(caller.address, network);
  }

  #wrong(address: string, network: string): TwinlensError {
    const locked = this.#lockout.fail(network);
    const fields = { event_type: locked ? 'client_locked_out' : 'client_refused', address, network, locked };
    this.#options.log.warn(fields, locked ? 'too many wrong client tokens came from an address' : 'a wrong token');
    return new TwinlensError('UNAUTHENTICATED', 'The token is not one of this gateway’s; ask its operator for one.');
  }
}

const toClient = ({ name, valid }: Owner): Client => ({ name, key: `token ${name}`, valid });
