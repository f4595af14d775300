import { describe, expect, it, vi } from 'vitest';
import { FakeClock, settle } from '../test/doubles/fake-clock.ts';
import { FakeNetwork } from '../test/doubles/socket-pair.ts';
import { classifies, failure, jpeg, LIMITS, readClient, result, welcome } from '../test/doubles/wire-gateway.ts';
import type { ClientEvent, TwinlensClientOptions } from './index.ts';
import { TwinlensClient } from './index.ts';

function setup(options: Partial<TwinlensClientOptions> = {}) {
  const clock = new FakeClock();
  const network = new FakeNetwork();
  const client = new TwinlensClient({
    url: 'http://gateway.test:8080/',
    WebSocket: network.WebSocket,
    clock,
    random: () => 0.5,
    ...options,
  });
  const events: ClientEvent[] = [];
  client.subscribe((event) => events.push(event));
  const open = async (limits = {}) => {
    client.connect();
    network.last.send(welcome(limits));
    await settle();
    return network.last;
  };
  return { clock, network, client, events, open };
}

/** Settles later or never; never an unhandled rejection. */
function outcome(promise: Promise<unknown>): { value: unknown; code: unknown; settled: boolean } {
  const seen = { value: undefined as unknown, code: undefined as unknown, settled: false };
  promise.then(
    (value) => Object.assign(seen, { value, settled: true }),
    (error: { code?: unknown }) => Object.assign(seen, { code: error.code, settled: true }),
  );
  return seen;
}

describe('TwinlensClient: connecting', () => {
  it('dials the stream path with the subprotocol and is open at the welcome', async () => {
    const { client, network, open } = setup();
    expect(client.state).toEqual({ state: 'idle' });
    await open();
    expect(network.last.url).toBe('ws://gateway.test:8080/v1/stream');
    expect(network.last.protocols).toEqual(['twinlens.v1']);
    expect(client.state).toMatchObject({ state: 'open', welcome: { server: 'wire-gateway', limits: LIMITS } });
    client.close();
  });

  it('gives up a gateway that sends no welcome in time, and waits with jitter before the next attempt', async () => {
    const { client, network, clock } = setup({ handshakeMs: 1_000, backoff: { baseMs: 200, capMs: 500 } });
    client.connect();
    await clock.advance(1_000);
    expect(client.state).toMatchObject({ state: 'waiting', attempt: 2, retryInMs: 100 });
    await clock.advance(100);
    expect(network.pairs).toHaveLength(2);
    expect(client.state).toEqual({ state: 'connecting', attempt: 2 });
    client.close();
  });

  it('doubles the waits up to the cap, and starts again after a steady connection', async () => {
    const { client, network, clock } = setup({ backoff: { baseMs: 200, capMs: 500 } });
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
    const { client, network, clock } = setup();
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
    const { client, network, clock } = setup();
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
    const { client, clock, open } = setup({ heartbeatMs: 1_000, heartbeatTimeoutMs: 500 });
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
    const { client, network, clock, events, open } = setup();
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
    const { client, network, clock, events, open } = setup({ watch: ['mini'] });
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

describe('TwinlensClient: classify', () => {
  it('connects by itself, waits for the welcome, and answers', async () => {
    const { client, network } = setup();
    const answer = outcome(
      client.classify(jpeg(), { model: 'mini:stable', top: 3, priority: 'high', stream: 'camera', key: 'anna' }),
    );
    network.last.send(welcome());
    await settle();
    expect(classifies(network.last.received)).toEqual([
      {
        type: 'classify',
        id: 'r1',
        model: 'mini:stable',
        top: 3,
        image: { encoding: 'jpeg' },
        deadlineMs: 30_000,
        priority: 'high',
        stream: 'camera',
        key: 'anna',
      },
    ]);
    network.last.send(result('r1'));
    await settle();
    expect(answer.value).toEqual({ ...result('r1'), type: undefined, id: undefined });
    expect(Object.keys(answer.value as object)).not.toContain('id');
    client.close();
  });

  it('keeps at most maxInFlight requests on the wire; the most urgent waiting one goes next', async () => {
    const { client, open } = setup();
    const pair = await open();
    for (const priority of ['normal', 'normal', 'low', 'normal', 'high'] as const) {
      outcome(client.classify(jpeg(), { priority }));
    }
    await settle();
    expect(classifies(pair.received).map((message) => message.id)).toEqual(['r1', 'r2']);
    for (const id of ['r1', 'r2', 'r5']) {
      pair.send(result(id));
      await settle();
    }
    expect(classifies(pair.received).map((message) => message.id)).toEqual(['r1', 'r2', 'r5', 'r4', 'r3']);
    client.close();
  });

  it('answers QUEUE_FULL beyond the bound of waiting requests and of their bytes', async () => {
    const { client } = setup({ maxWaiting: 2, maxWaitingBytes: 20 });
    const first = outcome(client.classify(jpeg(8)));
    const heavy = outcome(client.classify(jpeg(13)));
    const second = outcome(client.classify(jpeg(8)));
    const third = outcome(client.classify(jpeg(1)));
    await settle();
    expect([first.settled, heavy.code, second.settled, third.code]).toEqual([false, 'QUEUE_FULL', false, 'QUEUE_FULL']);
    client.close();
  });

  it('lets nothing wait when maxWaiting is 0, but sends while there is room on the wire', async () => {
    const { client, open } = setup({ maxWaiting: 0 });
    await expect(client.classify(jpeg())).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    await open({ maxInFlight: 1 });
    const sent = outcome(client.classify(jpeg()));
    const refused = outcome(client.classify(jpeg()));
    await settle();
    expect([sent.settled, refused.code]).toEqual([false, 'QUEUE_FULL']);
    client.close();
  });

  it('supersedes the waiting image of the same stream, in whose place the newer one goes', async () => {
    const { client, open } = setup();
    const pair = await open({ maxInFlight: 1 });
    const flying = outcome(client.classify(jpeg(), { stream: 'a' }));
    const older = outcome(client.classify(jpeg(), { stream: 'a' }));
    const other = outcome(client.classify(jpeg(), { stream: 'b' }));
    const newer = outcome(client.classify(jpeg(), { stream: 'a' }));
    await settle();
    expect([flying.settled, older.code, other.settled, newer.settled]).toEqual([false, 'SUPERSEDED', false, false]);
    pair.send(result('r1'));
    await settle();
    expect(classifies(pair.received).map((message) => message.id)).toEqual(['r1', 'r4']);
    client.close();
  });

  it('rejects at the deadline, whether waiting or in flight, and tells the gateway', async () => {
    const { client, clock, open } = setup();
    const pair = await open({ maxInFlight: 1 });
    const flying = outcome(client.classify(jpeg(), { deadlineMs: 100 }));
    const waiting = outcome(client.classify(jpeg(), { deadlineMs: 50 }));
    await clock.advance(50);
    expect([flying.settled, waiting.code]).toEqual([false, 'DEADLINE_EXCEEDED']);
    await clock.advance(50);
    expect(flying.code).toBe('DEADLINE_EXCEEDED');
    expect(pair.received.map(readClient)).toContainEqual({ type: 'cancel', id: 'r1' });
    await expect(client.classify(jpeg(), { deadlineMs: 0 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(client.classify(jpeg(), { deadlineMs: Number.NaN })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    client.close();
  });

  it('sends what is left of the deadline, not what it was', async () => {
    const { client, network, clock } = setup();
    outcome(client.classify(jpeg(), { deadlineMs: 5_000 }));
    await clock.advance(2_000);
    network.last.send(welcome());
    await settle();
    expect(classifies(network.last.received)[0]?.deadlineMs).toBe(3_000);
    client.close();
  });

  it('cancels on abort, and keeps the place on the wire until the gateway has answered', async () => {
    const { client, open } = setup();
    const pair = await open({ maxInFlight: 1 });
    const controller = new AbortController();
    const flying = outcome(client.classify(jpeg(), { signal: controller.signal }));
    const next = outcome(client.classify(jpeg()));
    await settle();
    controller.abort();
    await settle();
    expect(flying.code).toBe('CANCELLED');
    expect(pair.received.map(readClient).at(-1)).toEqual({ type: 'cancel', id: 'r1' });
    expect(classifies(pair.received)).toHaveLength(1);
    pair.send(failure('r1', 'CANCELLED'));
    await settle();
    expect(classifies(pair.received)).toHaveLength(2);
    pair.send(result('r2'));
    await settle();
    expect(next.settled).toBe(true);
    await expect(client.classify(jpeg(), { signal: controller.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    client.close();
  });

  it('sends a request again once after a lost connection, then answers UNAVAILABLE', async () => {
    const { client, network, clock, open } = setup();
    const pair = await open();
    const answer = outcome(client.classify(jpeg()));
    await settle();
    network.onDial = (next) => next.send(welcome());
    pair.drop();
    await clock.advance(1_000);
    expect(classifies(network.last.received).map((message) => message.id)).toEqual(['r1']);
    expect(answer.settled).toBe(false);
    network.last.drop();
    await settle();
    expect(answer.code).toBe('UNAVAILABLE');
    client.close();
  });

  it('does not send again what made the gateway close the connection', async () => {
    const { client, open } = setup();
    const pair = await open();
    const answer = outcome(client.classify(jpeg()));
    await settle();
    pair.drop(1009);
    await settle();
    expect(answer.code).toBe('PAYLOAD_TOO_LARGE');
    expect(client.state.state).toBe('waiting');
    client.close();
  });

  it('sends again elsewhere what a draining gateway refused', async () => {
    const { client, network, clock, open } = setup();
    const pair = await open();
    const answer = outcome(client.classify(jpeg()));
    await settle();
    pair.send({ type: 'goodbye', retryAfterMs: 0 });
    pair.send(failure('r1', 'DRAINING', { retryable: true }));
    network.onDial = (next) => next.send(welcome());
    await clock.advance(500);
    network.last.send(result('r1'));
    await settle();
    expect(answer.value).toMatchObject({ model: 'mini' });
    client.close();
  });

  it('gives errors their code and the time after which to try again', async () => {
    const { client, open } = setup();
    const pair = await open();
    const answer = client.classify(jpeg());
    await settle();
    pair.send(failure('r1', 'QUEUE_FULL', { retryAfterMs: 70 }));
    await expect(answer).rejects.toMatchObject({
      name: 'TwinlensError',
      code: 'QUEUE_FULL',
      retryable: true,
      retryAfterMs: 70,
    });
    client.close();
  });

  it('refuses locally what the gateway would: too many bytes, too many pixels, wrong byte counts, wrong fields', async () => {
    const { client, open } = setup();
    const pair = await open();
    const raw = (width: number, height: number, bytes: number) =>
      ({ encoding: 'rgb8', width, height, data: new Uint8Array(bytes) }) as const;
    const codes = await Promise.all(
      [
        client.classify(jpeg(1_000)),
        client.classify(raw(101, 1, 303)),
        client.classify(raw(2, 2, 11)),
        client.classify(jpeg(), { top: Number.NaN }),
        client.classify(jpeg(), { stream: '' }),
      ].map((answer) => answer.then(String, (error: { code: string }) => error.code)),
    );
    expect(codes).toEqual([
      'PAYLOAD_TOO_LARGE',
      'PAYLOAD_TOO_LARGE',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
    ]);
    expect(classifies(pair.received)).toHaveLength(0);
    client.close();
  });

  it('lives on when the gateway sends what it can not read, and settles the request that it names', async () => {
    const { client, open } = setup();
    const pair = await open();
    const answer = outcome(client.classify(jpeg()));
    await settle();
    pair.send('no json');
    pair.send({ type: 'news', of: 'a later version' });
    pair.send({ type: 'result', id: 'r1', predictions: 'none' });
    await settle();
    expect(answer.code).toBe('INTERNAL');
    expect(client.state.state).toBe('open');
    client.close();
  });

  it('close rejects everything and leaves no timer; connect opens it again', async () => {
    const { client, network, clock, open } = setup({ maxWaiting: 4 });
    const pair = await open({ maxInFlight: 1 });
    const answers = [1, 2, 3].map(() => outcome(client.classify(jpeg())));
    const ping = outcome(client.ping());
    await settle();
    client.close();
    await settle();
    expect(answers.map((answer) => answer.code)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
    expect(ping.code).toBe('UNAVAILABLE');
    expect(pair.closedByClient).toBe(1000);
    expect(clock.pending).toBe(0);
    expect(client.state).toEqual({ state: 'closed' });
    await expect(client.classify(jpeg())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await open();
    expect(network.pairs).toHaveLength(2);
    expect(client.state.state).toBe('open');
    client.close();
  });
});

describe('TwinlensClient: ping', () => {
  it('measures the round trip, and has a deadline', async () => {
    const { client, clock, open } = setup({ heartbeatTimeoutMs: 400 });
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
