/** The client's requests over a connection that is there: their places, bounds, deadlines and ends. */
import { describe, expect, it } from 'vitest';
import { settle } from '../test/doubles/fake-clock.ts';
import { classifies, failure, jpeg, readClient, result, welcome } from '../test/doubles/wire-gateway.ts';
import { outcome, setUpClient } from '../test/support/client.ts';

describe('TwinlensClient: classify', () => {
  it('connects by itself, waits for the welcome, and answers', async () => {
    const { client, network } = setUpClient();
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
    const { client, open } = setUpClient();
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
    const { client } = setUpClient({ maxWaiting: 2, maxWaitingBytes: 20 });
    const first = outcome(client.classify(jpeg(8)));
    const heavy = outcome(client.classify(jpeg(13)));
    const second = outcome(client.classify(jpeg(8)));
    const third = outcome(client.classify(jpeg(1)));
    await settle();
    expect([first.settled, heavy.code, second.settled, third.code]).toEqual([false, 'QUEUE_FULL', false, 'QUEUE_FULL']);
    client.close();
  });

  it('lets nothing wait when maxWaiting is 0, but sends while there is room on the wire', async () => {
    const { client, open } = setUpClient({ maxWaiting: 0 });
    await expect(client.classify(jpeg())).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    await open({ maxInFlight: 1 });
    const sent = outcome(client.classify(jpeg()));
    const refused = outcome(client.classify(jpeg()));
    await settle();
    expect([sent.settled, refused.code]).toEqual([false, 'QUEUE_FULL']);
    client.close();
  });

  it('supersedes the waiting image of the same stream, in whose place the newer one goes', async () => {
    const { client, open } = setUpClient();
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
    const { client, clock, open } = setUpClient();
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
    const { client, network, clock } = setUpClient();
    outcome(client.classify(jpeg(), { deadlineMs: 5_000 }));
    await clock.advance(2_000);
    network.last.send(welcome());
    await settle();
    expect(classifies(network.last.received)[0]?.deadlineMs).toBe(3_000);
    client.close();
  });

  it('cancels on abort, and keeps the place on the wire until the gateway has answered', async () => {
    const { client, open } = setUpClient();
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
    const { client, network, clock, open } = setUpClient();
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
    const { client, open } = setUpClient();
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
    const { client, network, clock, open } = setUpClient();
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
    const { client, open } = setUpClient();
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
    const { client, open } = setUpClient();
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
    const { client, open } = setUpClient();
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
    const { client, network, clock, open } = setUpClient({ maxWaiting: 4 });
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
