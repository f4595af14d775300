/**
 * The slice of the platform that the client uses, and the one place where globals are read.
 * Everything here can be passed in instead: `ws` in Node 20, doubles in tests.
 */
import { TwinlensError } from '../core/errors.ts';

/** The part of a WebSocket that the client uses; browsers' own, Node's own and `ws` satisfy it. */
export interface SocketMinimal {
  binaryType: string;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  /** `ws` only: ends a connection that no longer answers, without waiting for its close frame. */
  terminate?(): void;
  addEventListener(type: 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void;
}

export type SocketConstructor = new (url: string, protocols: string[]) => SocketMinimal;

export interface ResponseMinimal {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
}

export type FetchMinimal = (url: string, init: FetchInit) => Promise<ResponseMinimal>;

export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Calls `run` once after `ms` milliseconds; returns the way to call it off. */
  after(ms: number, run: () => void): () => void;
}

export interface Platform {
  /** Undefined where the platform has none and none was passed in. */
  readonly WebSocket: SocketConstructor | undefined;
  readonly fetch: FetchMinimal | undefined;
  readonly clock: Clock;
  /** 0 <= value < 1. */
  readonly random: () => number;
  /** Milliseconds since 1970; only to read dates in headers. */
  readonly date: () => number;
}

interface Globals {
  readonly WebSocket?: SocketConstructor;
  readonly fetch?: FetchMinimal;
  readonly location?: { readonly origin: string };
}

const globals: Globals = globalThis;

const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export function resolvePlatform(given: Partial<Platform>): Platform {
  return {
    WebSocket: given.WebSocket ?? globals.WebSocket,
    // fetch loses its receiver when it is stored, which browsers refuse; hence the wrapper.
    fetch: given.fetch ?? (globals.fetch && ((url, init) => fetch(url, init))),
    clock: given.clock ?? systemClock,
    random: given.random ?? Math.random,
    date: given.date ?? Date.now,
  };
}

/**
 * The address that paths are added to, without a trailing slash; '' means the page's origin.
 * Throws INVALID_ARGUMENT for anything but http and https.
 */
export function resolveBase(url: string): string {
  const text = url === '' ? (globals.location?.origin ?? '') : url;
  if (text !== '' && URL.canParse(text)) {
    const { protocol, origin, pathname } = new URL(text);
    if (protocol === 'http:' || protocol === 'https:') return origin + pathname.replace(/\/+$/, '');
  }
  throw new TwinlensError(
    'INVALID_ARGUMENT',
    `"${text}" is no address of a gateway; pass one such as http://localhost:8080 ('' means the origin of a page).`,
  );
}
