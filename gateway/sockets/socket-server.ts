/**
 * Takes WebSockets from the HTTP server and gives each a ClientSession. Owns the handshake, the keep-alive
 * pings and the end of all connections in a drain. Knows nothing of what the messages say.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { type Limits, SUBPROTOCOL } from '../../core/protocol.ts';
import type { Intake, OriginPolicy } from '../admission/index.ts';
import { rawProblem } from '../problem.ts';
import type { Registry } from '../serving/index.ts';
import { carriedTracing, type Log, type Metrics, type Tracing } from '../telemetry/index.ts';
import { ClientSession, type Wire } from './client-session.ts';
import { checkHandshake } from './handshake.ts';
import { streamSocket } from './stream-socket.ts';

export interface SocketsOptions {
  readonly intake: Intake;
  readonly registry: Registry;
  readonly origins: OriginPolicy;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Default: traces are carried, none is recorded. */
  readonly tracing?: Tracing | undefined;
  /** Calls `run` once after `ms` milliseconds; returns the way to call it off. */
  readonly after: (ms: number, run: () => void) => () => void;
  /** Name and version, for people. */
  readonly server: string;
  /** Pages are asked for reports. */
  readonly deviceReports?: boolean | undefined;
  readonly limits: Limits;
  readonly maxSockets: number;
  readonly maxUnreadBytes: number;
  /** Milliseconds between pings; 0: none. */
  readonly pingMs: number;
}

export interface Sockets {
  /** Open connections. */
  readonly count: number;
  /** Says goodbye to all; each closes once its requests were answered. Resolves when all have gone. */
  drain(): Promise<void>;
  /** Closes what is still open; resolves when all are gone, at the latest after `CLOSE_MS`. */
  close(): Promise<void>;
}

/** Milliseconds for the closing handshake. */
const CLOSE_MS = 2000;

interface Connection {
  readonly session: ClientSession;
  /** Heard of since the last ping. */
  alive: boolean;
}

export function attachSockets(server: Server, options: SocketsOptions): Sockets {
  const { intake, registry, log, metrics, limits, pingMs } = options;
  const connections = new Map<WebSocket, Connection>();
  /** Tells a drain that the last connection has gone. */
  let left = (): void => undefined;
  // `closeTimeout` is newer than the types of ws.
  const settings = { noServer: true, clientTracking: false, perMessageDeflate: false, closeTimeout: CLOSE_MS };
  const wss = new WebSocketServer({
    ...settings,
    maxPayload: limits.maxBytes,
    handleProtocols: () => SUBPROTOCOL,
    WebSocket: streamSocket(limits.maxBytes),
  });

  const refuse = (socket: Duplex, error: TwinlensError) => {
    const requestId = randomUUID();
    log.info({ event_type: 'handshake_refused', request_id: requestId, code: error.code }, error.message);
    socket.once('finish', () => socket.destroy());
    socket.end(rawProblem(error, requestId));
  };

  wss.on('wsClientError', (error, socket) => {
    refuse(socket, new TwinlensError('INVALID_ARGUMENT', `The handshake is not valid: ${error.message}.`));
  });

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Without a listener a reset during the handshake would end the process.
    socket.on('error', () => socket.destroy());
    try {
      checkHandshake(request, connections.size, options);
      intake.gate.check();
    } catch (error) {
      refuse(socket, asTwinlensError(error));
      return;
    }
    wss.handleUpgrade(request, socket, head, connect);
  });

  function connect(socket: WebSocket): void {
    const id = randomUUID();
    const session = new ClientSession({
      id,
      wire: wireOf(socket, {
        sent: (bytes) => metrics.sent('socket', bytes),
        closing: (code, reason) => {
          log.info({ event_type: 'socket_ended', socket_id: id, close_code: code }, reason);
        },
      }),
      intake,
      tracing: options.tracing ?? carriedTracing,
      models: () => registry.list(),
      server: options.server,
      deviceReports: options.deviceReports,
      limits,
      maxUnreadBytes: options.maxUnreadBytes,
    });
    const connection = { session, alive: true };
    connections.set(socket, connection);
    metrics.socketOpened();
    log.debug({ event_type: 'socket_opened', socket_id: id }, 'socket opened');
    socket.on('message', (data: Buffer, isBinary) => {
      connection.alive = true;
      session.receive(isBinary ? data : data.toString('utf8'));
    });
    socket.on('pong', () => {
      connection.alive = true;
      session.ponged();
    });
    socket.on('error', (error) => {
      log.debug({ event_type: 'socket_error', socket_id: id, err: error }, 'the connection failed');
    });
    socket.on('close', (code) => {
      connections.delete(socket);
      if (connections.size === 0) left();
      metrics.socketClosed();
      session.closed();
      log.debug({ event_type: 'socket_closed', socket_id: id, close_code: code }, 'socket closed');
    });
    session.open();
  }

  const unsubscribe = registry.subscribe((event) => {
    for (const { session } of connections.values()) session.modelEvent(event);
  });

  let stopPings = (): void => undefined;
  function keepAlive(): void {
    stopPings = options.after(pingMs, () => {
      for (const [socket, connection] of connections) {
        if (!connection.alive) socket.terminate();
        else if (socket.readyState === socket.OPEN) socket.ping();
        connection.alive = false;
      }
      keepAlive();
    });
  }
  if (pingMs > 0) keepAlive();

  return {
    get count() {
      return connections.size;
    },
    drain() {
      for (const { session } of connections.values()) session.drain();
      return new Promise((resolve) => {
        left = resolve;
        if (connections.size === 0) resolve();
      });
    },
    async close() {
      stopPings();
      unsubscribe();
      const gone = [...connections].map(([socket, { session }]) => {
        const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
        session.end(new TwinlensError('DRAINING', 'The gateway is shutting down; connect again in a moment.'));
        return closed;
      });
      const stop = options.after(CLOSE_MS, () => {
        for (const socket of connections.keys()) socket.terminate();
      });
      await Promise.all(gone);
      stop();
    },
  };
}

interface WireEvents {
  sent(bytes: number): void;
  closing(code: number, reason: string): void;
}

function wireOf(socket: WebSocket, told: WireEvents): Wire {
  return {
    send: (text) => {
      const bytes = Buffer.from(text);
      told.sent(bytes.byteLength);
      socket.send(bytes, { binary: false });
    },
    ping: () => socket.ping(),
    close: (code, reason) => {
      told.closing(code, reason);
      socket.close(code, reason);
    },
    get unreadBytes() {
      return socket.bufferedAmount;
    },
  };
}
