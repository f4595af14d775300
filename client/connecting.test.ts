/** The client's connection: how it comes about, is watched, lost and found again. */
import { describe, expect, it, vi } from 'vitest';
import { settle } from '../test/doubles/fake-clock.ts';
import { classifies, failure, jpeg, LIMITS, readClient, result, welcome } from '../test/doubles/wire-gateway.ts';
import { outcome, setUpClient } from '../test/support/client.ts';
import { TwinlensClient } from './index.ts';

describe('TwinlensClient: connecting', () => {
  it('dials the stream path with the subprotocol and is open at the welcome', async () => {
    const { client, network, open } = setUpClient();
    expect(client.state).toEqual({ state: 'idle' });
    await open();
    expect(network.last.url).toBe('ws://gateway.test:8080/v1/stream');
    expect(network.last.protocols).toEqual(['twinlens.v1']);
    expect(client.state).toMatchObject({ state: 'open', welcome: { server: 'wire-gateway', limits: LIMITS } });
    client.close();
  });

  it('gives up a gateway that sends no welcome in time, and waits with jitter before the next attempt', async () => {
    const { client, network, clock } = setUpClient({ handshakeMs: 1_000, backoff: { baseMs: 200, capMs: 500 } });
    client.connect();
    await clock.advance(1_000);
    expect(client.state).toMatchObject({ state: 'waiting', attempt: 2, retryInMs: 100 });
    await clock.advance(100);
    expect(network.pairs).toHaveLength(2);
    expect(client.state).toEqual({ state: 'connecting', attempt: 2 });
    client.close();
  });

  it('doubles the waits up to the cap, and starts again after a steady connection', async () => {
    const { client, network, clock } = setUpClient({ backoff: { baseMs: 200, capMs: 500 } });
    const waits: number[] = [];
    client.subscribe((event) => {
      if (event.type === 'state' && event.state.state === 'waiting') waits.push(event.state.retryInMs);
    });
    network.onDial = (pair) => pair.drop();
    client.connect();
    await clock.advance(1_000);
    expect(waits.slice(0, 4)).toEqual([100, 200, 250, 250]);
    network.onDial = (pair) => pair.send(welcome());
    await clock.advance(250);
    await clock.advance(10_000);
    expect(client.state.state).toBe('open');
    network.last.drop();
    await settle();
    expect(client.state).toMatchObject({ state: 'waiting', retryInMs: 100 });
    client.close();
  });

  it('connects at once when asked to while it waits', async () => {
    const { client, network, clock } = setUpClient();
    client.connect();
    network.last.drop();
    await settle();
    client.connect();
    expect(network.pairs).toHaveLength(2);
    await clock.advance(5_000);
    expect(network.pairs).toHaveLength(2);
    client.close();
  });

  it('stops for good when the gateway refuses its credentials, and says why to every request', async () => {
    const { client, network, clock } = setUpClient();
    const waiting = outcome(client.classify(jpeg()));
    network.last.send(failure(undefined, 'UNAUTHENTICATED'));
    network.last.drop(4401);
    await clock.advance(60_000);
    expect(network.pairs).toHaveLength(1);
    expect(client.state).toMatchObject({ state: 'closed', error: { code: 'UNAUTHENTICATED' } });
    expect(waiting.code).toBe('UNAUTHENTICATED');
    await expect(client.classify(jpeg())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(clock.pending).toBe(0);
  });

  it('finds a connection that went silent, and not one that answers', async () => {
    const { client, clock, open } = setUpClient({ heartbeatMs: 1_000, heartbeatTimeoutMs: 500 });
    const pair = await open();
    pair.onReceive = (data) => {
      const message = readClient(data);
      if (message.type === 'ping') pair.send({ type: 'pong', id: message.id });
    };
    await clock.advance(10_000);
    expect(client.state.state).toBe('open');
    pair.onReceive = undefined;
    await clock.advance(1_500);
    expect(client.state).toMatchObject({ state: 'waiting', reason: expect.stringContaining('ping') });
    expect(pair.closedByClient).toBe(1006);
    client.close();
    expect(clock.pending).toBe(0);
  });

  it('honours goodbye: finishes what is in flight, sends nothing new, leaves, and comes back when asked to', async () => {
    const { client, network, clock, events, open } = setUpClient();
    const pair = await open();
    const first = outcome(client.classify(jpeg()));
    await settle();
    pair.send({ type: 'goodbye', retryAfterMs: 3_000 });
    await settle();
    const second = outcome(client.classify(jpeg()));
    await settle();
    expect(classifies(pair.received)).toHaveLength(1);
    expect(pair.open).toBe(true);
    pair.send(result('r1'));
    await settle();
    expect(first.value).toMatchObject({ model: 'mini' });
    expect(pair.closedByClient).toBe(1000);
    expect(client.state).toMatchObject({ state: 'waiting', retryInMs: 3_125 });
    expect(events).toContainEqual({ type: 'goodbye', retryAfterMs: 3_000 });
    network.onDial = (next) => next.send(welcome());
    await clock.advance(3_125);
    network.last.send(result('r2'));
    await settle();
    expect(second.value).toMatchObject({ model: 'mini' });
    client.close();
  });

  it('asks for model events on every connection, and passes them on', async () => {
    const { client, network, clock, events, open } = setUpClient({ watch: ['mini'] });
    const pair = await open();
    expect(pair.received.map(readClient)).toContainEqual({ type: 'subscribe', models: ['mini'] });
    network.onDial = (next) => next.send(welcome());
    pair.drop();
    await clock.advance(5_000);
    expect(network.last.received.map(readClient)).toContainEqual({ type: 'subscribe', models: ['mini'] });
    const event = { type: 'model', event: 'label', model: 'mini', version: 2, label: 'stable' } as const;
    network.last.send(event);
    await settle();
    expect(events).toContainEqual(event);
    client.close();
  });

  it('says what to pass where the platform has no WebSocket', async () => {
    vi.stubGlobal('WebSocket', undefined);
    const client = new TwinlensClient({ url: 'http://gateway.test' });
    vi.unstubAllGlobals();
    expect(() => client.connect()).toThrow(/package ws/);
    await expect(client.classify(jpeg())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    client.close();
  });

  it('refuses what is no address of a gateway, and says what one looks like', () => {
    expect(() => new TwinlensClient({ url: 'gateway.test' })).toThrow(/http:\/\/localhost:8080/);
  });
});

describe('TwinlensClient: ping', () => {
  it('measures the round trip, and has a deadline', async () => {
    const { client, clock, open } = setUpClient({ heartbeatTimeoutMs: 400 });
    await expect(client.ping()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const pair = await open();
    const first = outcome(client.ping());
    await clock.advance(25);
    const message = pair.received.map(readClient).find((sent) => sent.type === 'ping');
    pair.send({ type: 'pong', id: message?.id });
    await settle();
    expect(first.value).toBe(25);
    const second = outcome(client.ping());
    await clock.advance(400);
    expect(second.code).toBe('DEADLINE_EXCEEDED');
    client.close();
  });
});
