/**
 * The server below the routes: plain, or with TLS. Owns the deadlines of what comes before a request's body: the
 * handshake of TLS and the request's head. Knows no routes.
 */
import { createServer as createPlain, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { Certificate } from '../secrets/index.ts';

export interface ServerOptions {
  /** Undefined: no TLS. */
  readonly certificate: Certificate | undefined;
  /** Milliseconds in which a whole request must have arrived; 0: no limit. */
  readonly requestMs: number;
}

/** Milliseconds for the head of a request; its body is limited by what it is. */
const HEAD_MS = 60_000;
/** Milliseconds for the handshake of TLS. */
const HANDSHAKE_MS = 10_000;
/** Milliseconds that a connection may be idle between two requests; longer than proxies keep theirs. */
const KEEP_ALIVE_MS = 72_000;
const CHECK_MS = 5000;

export function createServer(handler: RequestListener, { certificate, requestMs }: ServerOptions): Server {
  const limits = {
    connectionsCheckingInterval: requestMs === 0 ? CHECK_MS : Math.min(CHECK_MS, requestMs),
    headersTimeout: requestMs === 0 ? 0 : Math.min(HEAD_MS, requestMs),
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Node has one limit for all requests; uploads need another one than pictures.
    requestTimeout: 0,
    // From Node 24.9 on; before that, clients that ask for HTTP/2 by Upgrade are told not to.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === 'websocket',
  };
  if (certificate === undefined) return createPlain(limits, handler);
  const handshakeMs = requestMs === 0 ? HANDSHAKE_MS : Math.min(HANDSHAKE_MS, requestMs);
  const server = createSecure({ ...limits, ...certificate.current, handshakeTimeout: handshakeMs }, handler);
  certificate.onChange((current) => server.setSecureContext(current));
  return server;
}
