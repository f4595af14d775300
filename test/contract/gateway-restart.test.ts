/**
 * What a rolling update is to a client: behind one address a new gateway is ready, new connections go to
 * it, and the old one ends, by the book or not.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type ClientEvent, TwinlensClient } from '../../client/index.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { builtIn, goldenImage } from './inference-engine.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

async function start(): Promise<GatewayProcess> {
  const gateway = await startGateway({ env: { TWINLENS_INSTANCES: '1' } });
  endings.push(() => gateway.stop('SIGKILL'));
  return gateway;
}

/** A balancer as small as can be: hands each new connection to the gateway that `target` names then. */
async function balance(target: () => string): Promise<string> {
  const server: Server = createServer((inward) => {
    const outward = connect(Number(new URL(target()).port), '127.0.0.1');
    for (const socket of [inward, outward]) socket.on('error', () => [inward, outward].map((end) => end.destroy()));
    inward.pipe(outward).pipe(inward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'no request is lost when the gateway ends by %s after its successor is ready',
  async (signal) => {
    const first = await start();
    let current = first.url;
    const url = await balance(() => current);
    const client = new TwinlensClient({ url, WebSocket, maxWaiting: 100 });
    const events: ClientEvent[] = [];
    client.subscribe((event) => events.push(event));
    const classify = (at: number) => client.classify(goldenImage(at), { top: 1, deadlineMs: 60_000 });
    await classify(0);

    const second = await start();
    const before = Array.from({ length: 40 }, (_, at) => classify(at));
    current = second.url;
    const exit = first.stop(signal);
    const during = Array.from({ length: 40 }, (_, at) => classify(at));
    const answers = await Promise.all([...before, ...during]);

    expect(await exit).toEqual(signal === 'SIGTERM' ? { code: 0, signal: null } : { code: null, signal });
    for (const [at, answer] of answers.entries()) {
      const golden = builtIn.goldens[(at % 40) % builtIn.goldens.length];
      expect(answer.predictions[0]?.index).toBe(golden?.top[0]?.index);
    }
    expect(events.some((event) => event.type === 'goodbye')).toBe(signal === 'SIGTERM');
    expect(second.log.some((line) => line.event_type === 'prediction')).toBe(true);
    client.close();
  },
  120_000,
);
