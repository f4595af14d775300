/** The client over real sockets: a `ws` server in this process that speaks the protocol by core's functions. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { SUBPROTOCOL } from '../core/protocol.ts';
import { failure, jpeg, readClient, result, welcome } from '../test/doubles/wire-gateway.ts';
import { type ConnectionState, TwinlensClient } from './index.ts';

type Behave = (socket: WebSocket, data: string | Uint8Array) => void;
const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function serve(behave: Behave, limits = {}): Promise<{ server: WebSocketServer; url: string }> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (protocols) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  server.on('connection', (socket) => {
    socket.send(JSON.stringify(welcome(limits)));
    socket.on('message', (data, binary) => {
      if (!(data instanceof Buffer)) throw new Error('ws gives Buffers unless told otherwise');
      behave(socket, binary ? data : data.toString());
    });
  });
  await once(server, 'listening');
  endings.push(() => {
    for (const socket of server.clients) socket.terminate();
    return new Promise((resolve) => server.close(resolve));
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function connect(url: string, options = {}): TwinlensClient {
  const client = new TwinlensClient({ url, WebSocket, backoff: { baseMs: 5, capMs: 20 }, ...options });
  endings.push(() => client.close());
  return client;
}

function reach(client: TwinlensClient, state: ConnectionState['state']): Promise<void> {
  return new Promise((resolve) => {
    if (client.state.state === state) resolve();
    const stop = client.subscribe((event) => {
      if (event.type !== 'state' || event.state.state !== state) return;
      stop();
      resolve();
    });
  });
}

it('sends the image behind its message and answers each request with its own result', async () => {
  const seen: number[] = [];
  const { url } = await serve(
    (socket, data) => {
      const message = readClient(data);
      if (message.type !== 'classify' || typeof data === 'string') return;
      seen.push(data.at(-1) ?? -1);
      socket.send(JSON.stringify(result(message.id, `model-${data.at(-1)}`)));
    },
    { maxInFlight: 4 },
  );
  const client = connect(url);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => client.classify({ encoding: 'png', data: Uint8Array.of(0, i) })),
  );
  expect(answers.map((answer) => answer.model)).toEqual(Array.from({ length: 40 }, (_, i) => `model-${i}`));
  expect(seen).toHaveLength(40);
});

it('survives a killed connection: the request in flight is sent again and answered', async () => {
  let kills = 1;
  const { url } = await serve((socket, data) => {
    const message = readClient(data);
    if (message.type !== 'classify') return;
    if (kills-- > 0) socket.terminate();
    else socket.send(JSON.stringify(result(message.id)));
  });
  const client = connect(url);
  await expect(client.classify(jpeg())).resolves.toMatchObject({ model: 'mini', version: 1 });
});

it('reconnects after a goodbye to the gateway that took the place', async () => {
  const { server, url } = await serve((socket, data) => {
    const message = readClient(data);
    if (message.type === 'ping') socket.send(JSON.stringify({ type: 'pong', id: message.id }));
  });
  const client = connect(url);
  client.connect();
  await reach(client, 'open');
  const left = reach(client, 'waiting');
  for (const socket of server.clients) socket.send(JSON.stringify({ type: 'goodbye', retryAfterMs: 1 }));
  await left;
  await reach(client, 'open');
  expect(await client.ping()).toBeGreaterThanOrEqual(0);
});

it('tries again while nobody listens, and rejects at the deadline', async () => {
  const { server, url } = await serve(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  const client = connect(url);
  await expect(client.classify(jpeg(), { deadlineMs: 60 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(['waiting', 'connecting']).toContain(client.state.state);
});

it('stops when the gateway closes with the code of UNAUTHENTICATED', async () => {
  const { server, url } = await serve(() => undefined);
  server.on('connection', (socket) => {
    socket.send(JSON.stringify(failure(undefined, 'UNAUTHENTICATED')));
    socket.close(4401);
  });
  const client = connect(url);
  client.connect();
  await reach(client, 'closed');
  expect(client.state).toMatchObject({ error: { code: 'UNAUTHENTICATED' } });
});
