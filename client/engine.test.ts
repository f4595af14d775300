/** What the contract suite can't see: how the engine follows the gateway. The platform is doubled, the client is real. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { EngineEvent } from '../core/engine.ts';
import { FakeClock, settle } from '../test/doubles/fake-clock.ts';
import { FakeNetwork } from '../test/doubles/socket-pair.ts';
import { classifies, jpeg, result, welcome } from '../test/doubles/wire-gateway.ts';
import { createGatewayEngine, TwinlensClient } from './index.ts';

const manifest: object = JSON.parse(
  readFileSync(new URL('../models/efficientnet-lite0/model.json', import.meta.url), 'utf8'),
);
const NAME = 'efficientnet-lite0';

function setup() {
  /** What the gateway's model description says; tests change it. */
  const gateway = { versions: [1, 2], labels: { stable: 1 } as Record<string, number>, status: 200 };
  const fetched: string[] = [];
  const network = new FakeNetwork((pair) => pair.send(welcome()));
  const clock = new FakeClock();
  const client = new TwinlensClient({
    url: 'http://gateway.test',
    WebSocket: network.WebSocket,
    clock,
    random: () => 0.5,
    fetch: async (url) => {
      fetched.push(url);
      const details = gateway.versions.map((version) => ({
        version,
        state: 'available',
        provider: 'cpu',
        manifest: { ...manifest, version },
      }));
      const body =
        gateway.status === 200
          ? { name: NAME, title: 'T', default: true, versions: gateway.versions, labels: gateway.labels, details }
          : { code: 'MODEL_NOT_FOUND', detail: 'gone' };
      return {
        ok: gateway.status === 200,
        status: gateway.status,
        headers: new Headers(),
        text: async () => JSON.stringify(body),
      };
    },
  });
  const engine = createGatewayEngine(client);
  const events: EngineEvent[] = [];
  engine.subscribe((event) => events.push(event));
  return { gateway, fetched, network, clock, client, engine, events };
}

it('takes the version labelled stable for a bare name, as the gateway does, and the named one otherwise', async () => {
  const { engine, client } = setup();
  await expect(engine.load(NAME)).resolves.toMatchObject({ name: NAME, version: 1, variant: 'w16', classes: 1000 });
  await expect(engine.load(`${NAME}@2`)).resolves.toMatchObject({ version: 2 });
  await expect(engine.load(`${NAME}:stable`)).resolves.toMatchObject({ version: 1 });
  await expect(engine.load(`${NAME}:canary`)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  await expect(engine.load('Not a name')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(engine.status).toMatchObject({ state: 'ready', model: { version: 1 } });
  client.close();
});

it('follows a label that moves, and keeps the request on the spec that was loaded', async () => {
  const { engine, client, gateway, network, events } = setup();
  client.connect();
  await engine.load(`${NAME}:stable`);
  gateway.labels = { stable: 2 };
  network.last.send({ type: 'model', event: 'label', model: NAME, version: 2, label: 'stable' });
  await settle();
  await settle();
  expect(events.at(-1)).toMatchObject({ type: 'status', status: { state: 'ready', model: { version: 2 } } });
  const answer = engine.classify(jpeg());
  await settle();
  expect(classifies(network.last.received)).toMatchObject([{ model: `${NAME}:stable` }]);
  network.last.send(result('r1', NAME));
  await expect(answer).resolves.toMatchObject({ model: NAME });
  client.close();
});

it('keeps what is ready when a version event can not be looked up', async () => {
  const { engine, client, gateway, network } = setup();
  client.connect();
  await engine.load(NAME);
  gateway.status = 404;
  network.last.send({ type: 'model', event: 'retired', model: NAME, version: 1 });
  await settle();
  expect(engine.status).toMatchObject({ state: 'ready', model: { version: 1 } });
  client.close();
});

it('says when the connection is lost and when it is back', async () => {
  const { engine, client, network, clock, events } = setup();
  await engine.load(NAME);
  client.connect();
  await settle();
  network.last.drop();
  await clock.advance(1_000);
  expect(events.flatMap((event) => (event.type === 'notice' ? [event.code] : []))).toEqual([
    'RECONNECTING',
    'RECONNECTED',
  ]);
  client.close();
});

it('a load that another one overtook is CANCELLED and changes nothing', async () => {
  const { engine, client } = setup();
  const first = engine.load(`${NAME}@1`);
  const second = engine.load(`${NAME}@2`);
  await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(second).resolves.toMatchObject({ version: 2 });
  expect(engine.status).toMatchObject({ state: 'ready', model: { version: 2 } });
  client.close();
});
