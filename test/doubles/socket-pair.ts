/**
 * WebSockets in memory: a double of the platform. `FakeNetwork.WebSocket` is the constructor that a
 * client takes; each socket it makes is one end of a `SocketPair`, whose other end the test holds.
 * As with real sockets, nothing arrives before the current task is over.
 */
import type { SocketConstructor, SocketMinimal } from '../../client/platform.ts';

export type Data = string | Uint8Array<ArrayBuffer>;
type ClientListener = (event: { readonly data: unknown; readonly code: number; readonly reason: string }) => void;

export class SocketPair {
  readonly url: string;
  readonly protocols: readonly string[];
  readonly client: SocketMinimal;
  /** Everything that the client sent, oldest first. */
  readonly received: Data[] = [];
  /** Called for each message of the client as it arrives. */
  onReceive: ((data: Data) => void) | undefined;
  /** Close code by which the client left; 1006 when it just went away. */
  closedByClient: number | undefined;
  #open = true;
  readonly #listeners = {
    message: [] as ClientListener[],
    close: [] as ClientListener[],
    error: [] as ClientListener[],
  };

  constructor(url: string, protocols: readonly string[]) {
    this.url = url;
    this.protocols = protocols;
    const leave = (code: number) => {
      if (!this.#open) return;
      this.#open = false;
      this.closedByClient = code;
      queueMicrotask(() => this.#emit('close', { code, reason: '' }));
    };
    this.client = {
      binaryType: 'blob',
      send: (data) => {
        if (!this.#open) return;
        queueMicrotask(() => {
          this.received.push(data);
          if (this.#open) this.onReceive?.(data);
        });
      },
      close: (code = 1005) => leave(code),
      terminate: () => leave(1006),
      addEventListener: (type: 'message' | 'close' | 'error', listener: ClientListener) => {
        this.#listeners[type].push(listener);
      },
    };
  }

  get open(): boolean {
    return this.#open;
  }

  /** From the gateway's end. */
  send(message: object | string): void {
    const data = typeof message === 'string' ? message : JSON.stringify(message);
    queueMicrotask(() => {
      if (this.#open) this.#emit('message', { data });
    });
  }

  /** Ends the connection from the gateway's end; 1006 is what a client sees when a network fails. */
  drop(code = 1006, reason = ''): void {
    queueMicrotask(() => {
      if (!this.#open) return;
      this.#open = false;
      if (code === 1006) this.#emit('error', {});
      this.#emit('close', { code, reason });
    });
  }

  #emit(type: 'message' | 'close' | 'error', event: { data?: unknown; code?: number; reason?: string }): void {
    for (const listener of this.#listeners[type]) listener({ data: undefined, code: 0, reason: '', ...event });
  }
}

export class FakeNetwork {
  readonly pairs: SocketPair[] = [];
  /** Called for each new socket, in the task that made it. */
  onDial: ((pair: SocketPair) => void) | undefined;
  readonly WebSocket: SocketConstructor;

  constructor(onDial?: (pair: SocketPair) => void) {
    this.onDial = onDial;
    const dial = (url: string, protocols: string[]) => {
      const pair = new SocketPair(url, protocols);
      this.pairs.push(pair);
      this.onDial?.(pair);
      return pair.client;
    };
    this.WebSocket = class {
      constructor(url: string, protocols: string[]) {
        // biome-ignore lint/correctness/noConstructorReturn: the double is the pair's client end.
        return dial(url, protocols);
      }
    } as SocketConstructor;
  }

  get last(): SocketPair {
    const pair = this.pairs.at(-1);
    if (!pair) throw new Error('The client has not dialled yet.');
    return pair;
  }
}
