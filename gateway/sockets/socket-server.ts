/**
 * Takes WebSockets from the HTTP server and gives each a ClientSession. Owns the handshake, the keep-alive
 * pings and the end of all connections in a drain. Knows nothing of what the messages say.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { asTwinlensError, errorRow, TwinlensError, toErrorBody } from '../../core/errors.ts';
import { type Limits, SUBPROTOCOL } from '../../core/protocol.ts';
import type { Caller, Client, ClientGate, Intake, OriginPolicy } from '../admission/index.ts';
import { rawProblem } from '../problem.ts';
import type { Registry } from '../serving/index.ts';
import type { Log, Metrics } from '../telemetry/index.ts';
import { ClientSession, type Wire } from './client-session.ts';
import { checkHandshake, readsOnlyCloses } from './handshake.ts';
import { MessageProgress } from './message-progress.ts';
import { streamSocket } from './stream-socket.ts';

export interface SocketsOptions {
  readonly intake: Intake;
  readonly registry: Registry;
  readonly origins: OriginPolicy;
  readonly clients: ClientGate;
  /** From where a request comes. */
  readonly callerOf: (request: IncomingMessage) => Caller;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Calls `run` once after `ms` milliseconds; returns the way to call it off. */
  readonly after: (ms: number, run: () => void) => () => void;
  /** Name and version, for people. */
  readonly server: string;
  readonly limits: Limits;
  readonly maxSockets: number;
  readonly maxUnreadBytes: number;
  /** Milliseconds between pings; 0: none. */
  readonly pingMs: number;
  /** Milliseconds in which a whole message must have arrived; 0: no limit. */
  readonly messageMs: number;
}

export interface Sockets {
  /** Open connections. */
  readonly count: number;
  /** Says goodbye to all; each closes once its requests were answered. Resolves when all have gone. */
  drain(): Promise<void>;
  /** Closes what is still open; resolves when all are gone, at the latest after `CLOSE_MS`. */
  close(): Promise<void>;
}

/** Looks at unfinished messages within `messageMs`; their deadline is met to this part of it. */
const LOOKS = 4;
/** Milliseconds for the closing handshake. */
const CLOSE_MS = 2000;

interface Connection {
  readonly session: ClientSession;
  readonly client: Client;
  readonly progress: MessageProgress;
  /** Heard of since the last ping. */
  alive: boolean;
  /** Looks that have found a message under way since the last one came to its end. */
  looks: number;
}

export function attachSockets(server: Server, options: SocketsOptions): Sockets {
  const { intake, registry, clients, callerOf, log, metrics, limits, pingMs, messageMs } = options;
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

  /** Tells a client that can't read the answer to a handshake why it may not stay. */
  const turnAway = (socket: WebSocket, error: TwinlensError) => {
    socket.on('error', () => socket.terminate());
    socket.send(JSON.stringify({ type: 'error', ...toErrorBody(error) }));
    socket.close(errorRow(error.code).closeCode, error.message.slice(0, 120));
  };

  const refuse = (socket: Duplex, error: TwinlensError, address?: string) => {
    const requestId = randomUUID();
    log.info({ event_type: 'handshake_refused', request_id: requestId, code: error.code, address }, error.message);
    socket.once('finish', () => socket.destroy());
    socket.end(rawProblem(error, requestId));
  };

  wss.on('wsClientError', (error, socket) => {
    refuse(socket, new TwinlensError('INVALID_ARGUMENT', `The handshake is not valid: ${error.message}.`));
  });

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Without a listener a reset during the handshake would end the process.
    socket.on('error', () => socket.destroy());
    const caller = callerOf(request);
    let client: Client;
    try {
      checkHandshake(request, connections.size, options);
      intake.gate.check();
      client = clients.identifyHandshake(caller, request.headers);
      clients.charge(client);
    } catch (cause) {
      const error = asTwinlensError(cause);
      if (error.code === 'UNAUTHENTICATED' && readsOnlyCloses(request)) {
        wss.handleUpgrade(request, socket, head, (opened) => turnAway(opened, error));
      } else refuse(socket, error, caller.address);
      return;
    }
    wss.handleUpgrade(request, socket, head, (opened) => connect(opened, socket, client));
  });

  function connect(socket: WebSocket, raw: Duplex, client: Client): void {
    const id = randomUUID();
    const session = new ClientSession({
      id,
      wire: wireOf(socket, (code, reason) => {
        log.info({ event_type: 'socket_ended', socket_id: id, close_code: code }, reason);
      }),
      intake,
      models: () => registry.list(),
      server: options.server,
      limits,
      maxUnreadBytes: options.maxUnreadBytes,
      clientName: client.name,
      charge: () => clients.charge(client),
    });
    const connection: Connection = { session, client, progress: new MessageProgress(), alive: true, looks: 0 };
    connections.set(socket, connection);
    metrics.socketOpened();
    log.debug({ event_type: 'socket_opened', socket_id: id, client: client.name }, 'socket opened');
    if (options.messageMs > 0) raw.on('data', (chunk: Buffer) => connection.progress.feed(chunk));
    socket.on('message', (data: Buffer, isBinary) => {
      connection.alive = true;
      connection.looks = 0;
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

  clients.onChange(() => {
    for (const { session, client } of connections.values()) {
      if (!client.valid())
        session.end(new TwinlensError('UNAUTHENTICATED', 'The token of this connection was withdrawn.'));
    }
  });

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

  let stopLooks = (): void => undefined;
  /** Ends connections whose message has been coming for too long: it holds memory and may never end. */
  function watchProgress(): void {
    stopLooks = options.after(messageMs / LOOKS, () => {
      for (const connection of connections.values()) {
        connection.looks = connection.progress.incomplete ? connection.looks + 1 : 0;
        if (connection.looks > LOOKS) connection.session.end(tooSlow(messageMs));
      }
      watchProgress();
    });
  }
  if (messageMs > 0) watchProgress();

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
      stopLooks();
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

const tooSlow = (ms: number) =>
  new TwinlensError('INVALID_ARGUMENT', `A message did not arrive within ${ms} ms; send it faster.`);

function wireOf(socket: WebSocket, onClose: (code: number, reason: string) => void): Wire {
  return {
    send: (text) => socket.send(text),
    ping: () => socket.ping(),
    close: (code, reason) => {
      onClose(code, reason);
      socket.close(code, reason);
    },
    get unreadBytes() {
      return socket.bufferedAmount;
    },
  };
}
