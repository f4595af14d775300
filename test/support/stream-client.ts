/**
 * A bare client of the WebSocket protocol for tests: sends anything, keeps everything that comes, checks
 * nothing but that it is a message of the protocol.
 */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { encodeClassifyFrame } from '../../core/frame.ts';
import { type ClassifyMessage, type GatewayMessage, parseGatewayMessage, SUBPROTOCOL } from '../../core/protocol.ts';

export interface StreamOptions {
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Refusal {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const WAIT_MS = 20_000;

type Of<T extends GatewayMessage['type']> = Extract<GatewayMessage, { type: T }>;

export class StreamClient {
  /** Every message so far, oldest first. */
  readonly messages: GatewayMessage[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly socket: WebSocket;
  #changed = new Set<() => void>();
  #ended = false;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.messages.push(parseGatewayMessage(data.toString('utf8')));
      for (const check of this.#changed) check();
    });
    socket.on('error', () => {
      // `close` follows and tells the code.
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#ended = true;
        for (const check of this.#changed) check();
        resolve({ code, reason: reason.toString('utf8') });
      });
    });
  }

  /** Connects and waits for `welcome`. */
  static async open(url: string, options: StreamOptions = {}): Promise<StreamClient> {
    const client = new StreamClient(dial(url, options));
    await client.next('welcome');
    return client;
  }

  /** The answer to a handshake that is not accepted. */
  static refused(url: string, options: StreamOptions = {}): Promise<Refusal> {
    return new Promise((resolve, reject) => {
      const socket = dial(url, options);
      socket.once('open', () => {
        socket.terminate();
        reject(new Error('The handshake was accepted.'));
      });
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      });
    });
  }

  send(data: object | string | Uint8Array): void {
    this.socket.send(typeof data === 'string' || data instanceof Uint8Array ? data : JSON.stringify(data));
  }

  classify(id: string, payload: Uint8Array, more: Partial<ClassifyMessage> = {}): void {
    this.send(encodeClassifyFrame({ type: 'classify', id, image: { encoding: 'jpeg' }, ...more }, payload));
  }

  /** The first message, past or to come, of this type that `match` accepts. */
  async next<T extends GatewayMessage['type']>(type: T, match?: (message: Of<T>) => boolean): Promise<Of<T>> {
    const isIt = (message: GatewayMessage): message is Of<T> => message.type === type;
    const fits = (message: Of<T>) => match === undefined || match(message);
    await this.until(() => this.messages.filter(isIt).some(fits), type);
    const found = this.messages.filter(isIt).find(fits);
    if (!found) throw new Error('unreachable: until() has seen it');
    return found;
  }

  /** The `result` or `error` with this id. */
  async answer(id: string): Promise<Of<'result'> | Of<'error'>> {
    await this.until(() => this.answers(id).length > 0, `an answer to ${id}`);
    const [first] = this.answers(id);
    if (!first) throw new Error('unreachable: until() has seen it');
    return first;
  }

  /** All `result`s and `error`s with this id. */
  answers(id: string): (Of<'result'> | Of<'error'>)[] {
    return this.messages.filter(
      (message): message is Of<'result'> | Of<'error'> =>
        (message.type === 'result' || message.type === 'error') && message.id === id,
    );
  }

  /** Everything sent before has been read by the gateway when this resolves. */
  async roundTrip(id = `trip-${this.messages.length}`): Promise<void> {
    this.send({ type: 'ping', id });
    await this.next('pong', (pong) => pong.id === id);
  }

  /** Resolves when `done` holds after some message; rejects when the connection ends or after 20 s. */
  until(done: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        this.#changed.delete(check);
      };
      const fail = (why: string) => {
        leave();
        reject(new Error(`${why} while waiting for ${what}; last: ${JSON.stringify(this.messages.at(-1))}`));
      };
      const check = () => {
        if (done()) {
          leave();
          resolve();
        } else if (this.#ended) fail('The connection ended');
      };
      const timer = setTimeout(() => fail(`${WAIT_MS} ms passed`), WAIT_MS);
      this.#changed.add(check);
      check();
    });
  }

  close(): void {
    this.socket.close(1000);
  }
}

function dial(url: string, { protocols = [SUBPROTOCOL], headers = {} }: StreamOptions): WebSocket {
  return new WebSocket(url, [...protocols], { headers, perMessageDeflate: true });
}
