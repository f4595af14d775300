/**
 * The connection: one socket at a time, opened again after each loss. Owns the handshake deadline,
 * the heartbeat and the waits between attempts. Guarantees that a socket that was given up is never
 * heard again. Knows nothing of requests: it tells its handlers what came in and when it was lost.
 */
import {
  asTwinlensError,
  ERROR_TABLE,
  type ErrorCode,
  isErrorCode,
  TwinlensError,
  toErrorBody,
} from '../core/errors.ts';
import { type ClientTextMessage, type GatewayMessage, parseGatewayMessage, SUBPROTOCOL } from '../core/protocol.ts';
import { tokenProtocol } from '../core/token-protocol.ts';
import { type BackoffOptions, backoffMs } from './backoff.ts';
import type { ConnectionState } from './events.ts';
import type { Clock, SocketConstructor, SocketMinimal } from './platform.ts';
import { type TokenSource, tokenOf } from './token.ts';

export interface ConnectionOptions {
  readonly url: string;
  readonly WebSocket: SocketConstructor;
  /** Asked before each attempt to connect. */
  readonly token: TokenSource | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff: BackoffOptions;
  /** Milliseconds from dialling to `welcome`. */
  readonly handshakeMs: number;
  /** Milliseconds of silence after which the connection is asked for a sign of life. */
  readonly heartbeatMs: number;
  /** Milliseconds to wait for that sign. */
  readonly heartbeatTimeoutMs: number;
  /** Milliseconds after which an open connection counts as steady and the backoff starts again. */
  readonly steadyMs: number;
}

export interface ConnectionHandlers {
  state(state: ConnectionState): void;
  /** A message of an open connection; never `welcome`. */
  message(message: GatewayMessage): void;
  /** A message that this client can't read; `id` is the request it names, if any. */
  unreadable(id: string | undefined, error: TwinlensError): void;
  /** The socket is gone: nothing in flight on it will be answered. Comes before the new state. */
  lost(error: TwinlensError): void;
}

/** Nothing the client can do by itself makes these go away. */
const FATAL: readonly ErrorCode[] = ['UNAUTHENTICATED', 'PERMISSION_DENIED'];

/** Milliseconds; a gateway that asks for a longer pause is asked again after this one all the same. */
const MAX_PAUSE_MS = 600_000;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  #state: ConnectionState = { state: 'idle' };
  #socket: SocketMinimal | undefined;
  #stopTimer: (() => void) | undefined;
  #failures = 0;
  #openedAt = 0;
  #heardAt = 0;
  #beats = 0;
  /** Set by `goodbye`: milliseconds that the gateway asks to be left alone. */
  #retryAfterMs: number | undefined;
  /** The last error that named no request; it explains the close that follows. */
  #refusal: TwinlensError | undefined;

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The gateway said goodbye: it takes nothing new on this connection. */
  get leaving(): boolean {
    return this.#retryAfterMs !== undefined;
  }

  /** Dials now; from `waiting` without waiting longer. Does nothing while connecting or open. */
  connect(): void {
    if (this.#state.state === 'connecting' || this.#state.state === 'open') return;
    if (this.#state.state !== 'waiting') this.#failures = 0;
    this.#dial();
  }

  close(error: TwinlensError): void {
    this.#giveUp(1000);
    this.#handlers.lost(error);
    if (this.#state.state !== 'closed') this.#setState({ state: 'closed' });
  }

  /** Sends when open, else drops. Callers that need an answer have a deadline of their own. */
  send(data: ClientTextMessage | Uint8Array<ArrayBuffer>): void {
    if (this.#state.state !== 'open') return;
    this.#socket?.send(data instanceof Uint8Array ? data : JSON.stringify(data));
  }

  /** After `goodbye`, when nothing is in flight any more: leaves, and comes back when asked to. */
  leave(): void {
    if (this.leaving && this.#state.state === 'open')
      this.#drop(new TwinlensError('DRAINING', 'The gateway is shutting down.'));
  }

  #dial(): void {
    this.#stopTimer?.();
    this.#refusal = undefined;
    this.#retryAfterMs = undefined;
    const { url, WebSocket, clock, handshakeMs } = this.#options;
    let socket: SocketMinimal;
    try {
      const token = tokenOf(this.#options.token);
      // Browsers can set no other header of a handshake.
      socket = new WebSocket(url, token === undefined ? [SUBPROTOCOL] : [SUBPROTOCOL, tokenProtocol(token)]);
    } catch (error) {
      this.#drop(asTwinlensError(error, 'UNAVAILABLE'));
      return;
    }
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', (event) => {
      if (this.#socket === socket) this.#receive(event.data);
    });
    socket.addEventListener('close', (event) => {
      if (this.#socket === socket) this.#drop(this.#closeError(event.code, event.reason));
    });
    socket.addEventListener('error', () => {
      // A close event follows and does the work. Without this listener `ws` would throw.
    });
    this.#stopTimer = clock.after(handshakeMs, () =>
      this.#drop(new TwinlensError('UNAVAILABLE', `The gateway sent no welcome within ${handshakeMs} ms.`)),
    );
    this.#setState({ state: 'connecting', attempt: this.#failures + 1 });
  }

  #receive(data: unknown): void {
    this.#heardAt = this.#options.clock.now();
    if (typeof data !== 'string') {
      this.#drop(new TwinlensError('INTERNAL', 'The gateway sent a binary frame; it only ever sends text.'));
      return;
    }
    let message: GatewayMessage;
    try {
      message = parseGatewayMessage(data);
    } catch (error) {
      const known = asTwinlensError(error);
      // A newer gateway may send messages that did not exist when this client was made.
      if (this.#state.state === 'open') this.#handlers.unreadable(idOf(data), known);
      else this.#drop(known);
      return;
    }
    if (message.type === 'error' && message.id === undefined) {
      this.#refusal = new TwinlensError(
        message.code,
        message.message,
        message.retryAfterMs === undefined ? {} : { retryAfterMs: message.retryAfterMs },
      );
    } else if (message.type === 'welcome') {
      if (this.#state.state !== 'connecting') return;
      const { server, limits, models } = message;
      this.#openedAt = this.#heardAt;
      this.#listen();
      this.#setState({ state: 'open', welcome: { server, limits, models } });
    } else if (this.#state.state === 'open') {
      if (message.type === 'goodbye') this.#retryAfterMs = message.retryAfterMs;
      this.#handlers.message(message);
    } else {
      this.#drop(new TwinlensError('INTERNAL', `The gateway sent ${message.type} before its welcome.`));
    }
  }

  /** Waits until the connection has been silent for `heartbeatMs`, then asks for a pong. */
  #listen(): void {
    const { clock, heartbeatMs } = this.#options;
    this.#stopTimer?.();
    this.#stopTimer = clock.after(this.#heardAt + heartbeatMs - clock.now(), () => this.#beat());
  }

  #beat(): void {
    const { clock, heartbeatMs, heartbeatTimeoutMs } = this.#options;
    if (clock.now() - this.#heardAt < heartbeatMs) {
      this.#listen();
      return;
    }
    const askedAt = clock.now();
    this.#beats += 1;
    this.send({ type: 'ping', id: `beat-${this.#beats}` });
    this.#stopTimer = clock.after(heartbeatTimeoutMs, () => {
      if (this.#heardAt >= askedAt) this.#listen();
      else {
        this.#drop(
          new TwinlensError('UNAVAILABLE', `The gateway has not answered a ping for ${heartbeatTimeoutMs} ms.`),
        );
      }
    });
  }

  #closeError(code: number, reason: string): TwinlensError {
    const known = codeOfClose(code) ?? this.#refusal?.code;
    const why = this.#refusal?.message ?? (reason || `The connection to the gateway ended (close code ${code}).`);
    const retryAfterMs = this.#refusal?.retryAfterMs;
    return new TwinlensError(known ?? 'UNAVAILABLE', why, retryAfterMs === undefined ? {} : { retryAfterMs });
  }

  /** Forgets the socket and its timers. Its later events are ignored. */
  #giveUp(closeCode?: number): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (closeCode === undefined && socket?.terminate) socket.terminate();
    else socket?.close(closeCode);
  }

  #drop(error: TwinlensError): void {
    const { clock, random, backoff, steadyMs } = this.#options;
    const steady = this.#state.state === 'open' && clock.now() - this.#openedAt >= steadyMs;
    const left = this.#retryAfterMs;
    this.#giveUp(left === undefined ? undefined : 1000);
    this.#handlers.lost(error);
    if (FATAL.includes(error.code)) {
      this.#setState({ state: 'closed', error: toErrorBody(error) });
      return;
    }
    this.#failures = steady ? 1 : this.#failures + 1;
    const jitter = backoffMs(this.#failures, random, backoff);
    // What the gateway asks for is a lower bound; the jitter keeps its clients from coming all at once.
    const retryInMs = Math.min(left ?? error.retryAfterMs ?? 0, MAX_PAUSE_MS) + jitter;
    this.#stopTimer = clock.after(retryInMs, () => this.#dial());
    this.#setState({ state: 'waiting', attempt: this.#failures + 1, retryInMs, reason: error.message });
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#handlers.state(state);
  }
}

function codeOfClose(closeCode: number): ErrorCode | undefined {
  for (const [code, row] of Object.entries(ERROR_TABLE)) {
    if ('closeCode' in row && row.closeCode === closeCode && isErrorCode(code)) return code;
  }
  return undefined;
}

/** The id in the text of a message that no schema fits, if it has one. */
function idOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string') return value.id;
  } catch {
    return undefined;
  }
  return undefined;
}
