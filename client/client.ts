/**
 * `TwinlensClient`: the gateway for pages and programs, over one WebSocket and over HTTP. Joins the
 * connection, which knows no requests, with the request table, which knows no socket. Guarantees that
 * every call settles exactly once, within its deadline, with a result or a `TwinlensError`.
 */
import type { Classification, ClassifyOptions, EncodedImage, ImageInput } from '../core/engine.ts';
import { TwinlensError } from '../core/errors.ts';
import { encodeClassifyFrame } from '../core/frame.ts';
import { type GatewayMessage, type ModelDetail, type ModelSummary, STREAM_PATH } from '../core/protocol.ts';
import { type BackoffOptions, DEFAULT_BACKOFF } from './backoff.ts';
import { Connection } from './connection.ts';
import { type ClientEvent, type ConnectionState, Listeners } from './events.ts';
import { HttpApi, MAX_DEADLINE_MS } from './http.ts';
import { type ClientClassifyOptions, toMessage, tooLarge } from './message.ts';
import { type Platform, resolveBase, resolvePlatform } from './platform.ts';
import { RequestTable } from './requests.ts';
import { type TokenSource, tokenOf } from './token.ts';

export interface TwinlensClientOptions extends Partial<Platform> {
  /** Address of the gateway, `http://host:8080`; '' is the origin of the page. */
  readonly url: string;
  /** Token of this client, where the gateway asks for one; as a function it is asked before each use. Default none. */
  readonly token?: TokenSource;
  /** Requests that may wait for a place on the wire, beyond it QUEUE_FULL; 0: none may wait. Default 64. */
  readonly maxWaiting?: number;
  /** Bytes of the images of waiting requests, beyond it QUEUE_FULL. Default 64 MiB. */
  readonly maxWaitingBytes?: number;
  /** Milliseconds for calls that name no deadline. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds from dialling to the gateway's welcome. Default 10,000. */
  readonly handshakeMs?: number;
  /** Milliseconds of silence after which the gateway is asked for a sign of life. Default 15,000. */
  readonly heartbeatMs?: number;
  /** Milliseconds to wait for that sign, and for `ping()`. Default 10,000. */
  readonly heartbeatTimeoutMs?: number;
  /** Waits between attempts to connect. Default 250 ms doubling up to 15 s, with full jitter. */
  readonly backoff?: BackoffOptions;
  /** Models whose lifecycle events are wanted; empty means all. Default all. */
  readonly watch?: readonly string[];
}

interface Ping {
  readonly settle: (error?: TwinlensError) => void;
}

/** Pings that may wait for their pong at once. */
const MAX_PINGS = 64;
/** An open connection that lasted this long, milliseconds, starts the backoff again. */
const STEADY_MS = 10_000;

export class TwinlensClient {
  readonly #platform: Platform;
  readonly #http: HttpApi;
  readonly #requests: RequestTable;
  readonly #connection: Connection | undefined;
  readonly #listeners = new Listeners<ClientEvent>();
  readonly #pings = new Map<string, Ping>();
  readonly #requestTimeoutMs: number;
  readonly #pingTimeoutMs: number;
  readonly #watch: readonly string[];
  #lastId = 0;

  /** Throws INVALID_ARGUMENT when `url` is no address or `token` can't be one. Opens nothing yet. */
  constructor(options: TwinlensClientOptions) {
    const platform = resolvePlatform(options);
    const base = resolveBase(options.url);
    this.#platform = platform;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
    this.#pingTimeoutMs = options.heartbeatTimeoutMs ?? 10_000;
    this.#watch = options.watch ?? [];
    const { token } = options;
    // A function is asked when there is something to send.
    if (typeof token === 'string') tokenOf(token);
    this.#http = new HttpApi({ platform, base, token, requestTimeoutMs: this.#requestTimeoutMs });
    this.#requests = new RequestTable({
      clock: platform.clock,
      maxWaiting: options.maxWaiting ?? 64,
      maxWaitingBytes: options.maxWaitingBytes ?? 64 * 1024 * 1024,
      abandoned: (id) => this.#connection?.send({ type: 'cancel', id }),
    });
    if (!platform.WebSocket) return;
    this.#connection = new Connection(
      {
        url: base.replace(/^http/, 'ws') + STREAM_PATH,
        WebSocket: platform.WebSocket,
        token,
        clock: platform.clock,
        random: platform.random,
        backoff: options.backoff ?? DEFAULT_BACKOFF,
        handshakeMs: options.handshakeMs ?? 10_000,
        heartbeatMs: options.heartbeatMs ?? 15_000,
        heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? 10_000,
        steadyMs: STEADY_MS,
      },
      {
        state: (state) => this.#changed(state),
        message: (message) => this.#receive(message),
        unreadable: (id, error) => {
          if (id !== undefined) this.#requests.reject(id, error);
          this.#pump();
        },
        lost: (error) => this.#lost(error),
      },
    );
  }

  get state(): ConnectionState {
    return this.#connection?.state ?? { state: 'idle' };
  }

  /**
   * Opens the connection and keeps it open: after a loss it is opened again by itself. While it waits
   * to do so, the call makes it try now. Throws INVALID_ARGUMENT where there is no WebSocket.
   */
  connect(): void {
    this.#socket().connect();
  }

  /** Ends the connection. What waits or is in flight rejects with CANCELLED. `connect()` opens it again. */
  close(): void {
    const error = new TwinlensError('CANCELLED', 'The client was closed.');
    this.#requests.clear(error);
    this.#connection?.close(error);
  }

  /** Calls `listener` for every later event; returns the way to stop. */
  subscribe(listener: (event: ClientEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  /**
   * Classifies one image over the WebSocket, connecting first if nobody has. Waits its turn while the
   * connection opens and while the gateway's `maxInFlight` requests are under way. When the connection
   * is lost the request is sent again once. Leave `image.data` unchanged until the promise settles.
   * Errors: those of `InferenceEngine.classify`, PAYLOAD_TOO_LARGE, MODEL_NOT_FOUND, and
   * UNAUTHENTICATED or PERMISSION_DENIED when the gateway refuses this client.
   */
  async classify(image: ImageInput, options: ClientClassifyOptions = {}): Promise<Classification> {
    const connection = this.#socket();
    const { state } = connection;
    if (state.state === 'closed') {
      throw state.error
        ? new TwinlensError(state.error.code, state.error.message)
        : new TwinlensError('UNAVAILABLE', 'The client is closed; call connect() to use it again.');
    }
    const deadlineMs = options.deadlineMs ?? this.#requestTimeoutMs;
    this.#lastId += 1;
    const message = toMessage(`r${this.#lastId}`, image, deadlineMs, options);
    const places = state.state === 'open' && !connection.leaving ? state.welcome.limits.maxInFlight : 0;
    const answer = this.#requests.add(message, image.data, deadlineMs, options.signal, places);
    if (state.state === 'idle') connection.connect();
    this.#pump();
    return answer;
  }

  /**
   * Classifies one encoded image over HTTP. Asks again once when the gateway's answer is retryable,
   * says when (`Retry-After`), and the deadline leaves time. `stream` has no effect.
   * Errors: as `classify`; UNAVAILABLE when nothing answers.
   */
  classifyHttp(image: EncodedImage, options: ClientClassifyOptions = {}): Promise<Classification> {
    return this.#http.classify(image, options);
  }

  /** Over HTTP. */
  models(): Promise<readonly ModelSummary[]> {
    return this.#http.models();
  }

  /** Over HTTP. Errors: MODEL_NOT_FOUND. */
  model(name: string, options: { readonly signal?: ClassifyOptions['signal'] } = {}): Promise<ModelDetail> {
    return this.#http.model(name, options.signal);
  }

  /** Round trip over the open connection, milliseconds. Errors: UNAVAILABLE when it is not open, DEADLINE_EXCEEDED. */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      const { clock } = this.#platform;
      if (this.#connection?.state.state !== 'open') {
        reject(new TwinlensError('UNAVAILABLE', 'There is no open connection; call connect() and wait for it.'));
        return;
      }
      if (this.#pings.size >= MAX_PINGS) {
        reject(new TwinlensError('QUEUE_FULL', `${MAX_PINGS} pings wait for an answer; wait for one of them.`));
        return;
      }
      const sentAt = clock.now();
      this.#lastId += 1;
      const id = `p${this.#lastId}`;
      const settle = (error?: TwinlensError) => {
        stop();
        this.#pings.delete(id);
        if (error) reject(error);
        else resolve(clock.now() - sentAt);
      };
      const stop = clock.after(this.#pingTimeoutMs, () =>
        settle(new TwinlensError('DEADLINE_EXCEEDED', `No pong came within ${this.#pingTimeoutMs} ms.`)),
      );
      this.#pings.set(id, { settle });
      this.#connection.send({ type: 'ping', id });
    });
  }

  #socket(): Connection {
    if (this.#connection) return this.#connection;
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      'This platform has no WebSocket; pass one, such as that of the package ws: new TwinlensClient({ url, WebSocket }).',
    );
  }

  #changed(state: ConnectionState): void {
    if (state.state === 'open') this.#connection?.send({ type: 'subscribe', models: [...this.#watch] });
    // Refused for good: nothing that waits will ever be sent.
    if (state.state === 'closed' && state.error) {
      this.#requests.clear(new TwinlensError(state.error.code, state.error.message));
    }
    this.#listeners.emit({ type: 'state', state });
    this.#pump();
  }

  #lost(error: TwinlensError): void {
    this.#requests.lost(error);
    const text = `The connection ended before the pong came (${error.message}).`;
    for (const ping of [...this.#pings.values()]) ping.settle(new TwinlensError('UNAVAILABLE', text, { cause: error }));
  }

  #receive(message: GatewayMessage): void {
    switch (message.type) {
      case 'result': {
        const { type, id, ...classification } = message;
        this.#requests.resolve(id, classification);
        break;
      }
      case 'error':
        if (message.id !== undefined) {
          const { code, retryAfterMs } = message;
          const options = retryAfterMs === undefined ? {} : { retryAfterMs };
          this.#requests.reject(message.id, new TwinlensError(code, message.message, options));
        }
        break;
      case 'model':
        this.#listeners.emit(message);
        break;
      case 'goodbye':
        this.#listeners.emit({ type: 'goodbye', retryAfterMs: message.retryAfterMs });
        break;
      case 'pong':
        this.#pings.get(message.id)?.settle();
        break;
      case 'welcome':
        break;
      default:
        message satisfies never;
    }
    this.#pump();
  }

  /** Sends what may be sent. */
  #pump(): void {
    const connection = this.#connection;
    if (!connection) return;
    const { clock } = this.#platform;
    while (connection.state.state === 'open' && !connection.leaving) {
      const { limits } = connection.state.welcome;
      const request = this.#requests.take(limits.maxInFlight);
      if (!request) return;
      const left = Math.ceil(request.deadlineAt - clock.now());
      const message = { ...request.message, deadlineMs: Math.min(MAX_DEADLINE_MS, Math.max(1, left)) };
      const frame = encodeClassifyFrame(message, request.payload);
      const excess = tooLarge(message.image, frame.length, limits);
      if (excess) this.#requests.reject(request.id, excess);
      else connection.send(frame);
    }
    if (connection.leaving && this.#requests.onWire === 0) connection.leave();
  }
}
