import { describe, expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { encodeClassifyFrame } from '../../core/frame.ts';
import { type ClassifyMessage, type GatewayMessage, parseGatewayMessage } from '../../core/protocol.ts';
import { settle } from '../../test/doubles/fake-clock.ts';
import { FakeRegistry, noResults } from '../../test/doubles/fake-registry.ts';
import { Gate, Intake } from '../admission/index.ts';
import { carriedTracing, createLog, createMetrics } from '../telemetry/index.ts';
import { ClientSession } from './client-session.ts';

interface SetupOptions {
  readonly charge?: () => void;
  readonly maxHeldBytes?: number;
  readonly maxUnreadBytes?: number;
}

function setup(options: SetupOptions = {}) {
  const { maxHeldBytes = 1_000_000, maxUnreadBytes = 100_000, charge = () => undefined } = options;
  const registry = new FakeRegistry();
  const gate = new Gate({ maxHeldBytes });
  const metrics = createMetrics();
  const log = createLog('silent');
  const clock = { now: () => 1000 };
  const intake = new Intake({ gate, registry, results: noResults, clock, log, metrics, deadlineMs: 500 });
  const sent: GatewayMessage[] = [];
  const wire = {
    closedWith: undefined as number | undefined,
    pings: 0,
    unreadBytes: 0,
    send: (text: string) => sent.push(parseGatewayMessage(text)),
    ping: () => {
      wire.pings += 1;
    },
    close: (code: number) => {
      wire.closedWith = code;
    },
  };
  const session = new ClientSession({
    id: 's',
    wire,
    intake,
    tracing: carriedTracing,
    models: () => registry.list(),
    server: 'test',
    limits: { maxInFlight: 2, maxBytes: 1000, maxPixels: 100 },
    maxUnreadBytes,
    charge,
  });
  const classify = (id: string, more: Partial<ClassifyMessage> = {}, payload = new Uint8Array(4)) =>
    session.receive(encodeClassifyFrame({ type: 'classify', id, image: { encoding: 'jpeg' }, ...more }, payload));
  const text = (message: object) => session.receive(JSON.stringify(message));
  return { registry, gate, sent, wire, session, classify, text };
}

const binary = (header: string, payload = new Uint8Array(4)) => {
  const bytes = new TextEncoder().encode(header);
  const frame = new Uint8Array(4 + bytes.length + payload.length);
  new DataView(frame.buffer).setUint32(0, bytes.length, true);
  frame.set(bytes, 4);
  frame.set(payload, 4 + bytes.length);
  return frame;
};

describe('a session', () => {
  test('says welcome with its limits and models', () => {
    const { session, sent } = setup();
    session.open();
    expect(sent).toMatchObject([{ type: 'welcome', limits: { maxInFlight: 2 }, models: [{ name: 'mini' }] }]);
  });

  test('answers a classify with its id and frees everything it held', async () => {
    const { registry, gate, sent, classify } = setup();
    classify('a', { top: 3, deadlineMs: 70, priority: 'high', stream: 'camera', key: 'anna' });
    expect(registry.requests[0]?.request).toMatchObject({
      top: 3,
      deadline: 1070,
      priority: 'high',
      stream: 'camera',
      client: 's',
    });
    expect(registry.keys).toEqual(['anna']);
    expect(gate.heldBytes).toBe(4);
    registry.requests[0]?.answer();
    await settle();
    expect(sent).toMatchObject([{ type: 'result', id: 'a', model: 'mini' }]);
    expect([registry.open, gate.inside, gate.heldBytes]).toEqual([0, 0, 0]);
  });

  test('gives a request without deadline the configured one', () => {
    const { registry, classify } = setup();
    classify('a');
    expect(registry.requests[0]?.request.deadline).toBe(1500);
  });

  test('answers one request too many with QUEUE_FULL at once, and takes another after an answer', async () => {
    const { registry, sent, classify } = setup();
    for (const id of ['a', 'b', 'c']) classify(id);
    expect(sent).toMatchObject([{ type: 'error', id: 'c', code: 'QUEUE_FULL', retryable: true }]);
    registry.requests[0]?.answer();
    await settle();
    classify('d');
    expect(registry.requests).toHaveLength(3);
  });

  test('refuses an id that is in flight, and the first request goes on', async () => {
    const { registry, sent, classify } = setup();
    classify('a');
    classify('a');
    expect(sent).toMatchObject([{ type: 'error', id: 'a', code: 'INVALID_ARGUMENT' }]);
    registry.requests[0]?.answer();
    await settle();
    expect(sent[1]).toMatchObject({ type: 'result', id: 'a' });
    classify('a');
    expect(registry.requests, 'the id is free again').toHaveLength(2);
  });

  test('a cancelled request ends with CANCELLED; an unknown id is ignored', async () => {
    const { sent, registry, classify, text } = setup();
    classify('a');
    text({ type: 'cancel', id: 'b' });
    text({ type: 'cancel', id: 'a' });
    await settle();
    expect(sent).toMatchObject([{ type: 'error', id: 'a', code: 'CANCELLED' }]);
    expect(registry.open).toBe(0);
  });

  test('holds no more bytes than all requests together may', () => {
    const { sent, classify, gate } = setup({ maxHeldBytes: 6 });
    classify('a');
    classify('b');
    expect(sent).toMatchObject([{ type: 'error', id: 'b', code: 'QUEUE_FULL' }]);
    expect(gate.inside).toBe(1);
  });

  test('events come only after subscribe, and only of the models that it names', () => {
    const { session, sent, text } = setup();
    const event = { type: 'model', event: 'available', model: 'mini', version: 2 } as const;
    session.modelEvent(event);
    text({ type: 'subscribe', models: ['other'] });
    session.modelEvent(event);
    expect(sent).toEqual([]);
    text({ type: 'subscribe', models: [] });
    session.modelEvent(event);
    text({ type: 'subscribe', models: ['mini'] });
    session.modelEvent(event);
    expect(sent).toEqual([event, event]);
  });

  test('a failure inside is INTERNAL and does not tell of the inside', async () => {
    const { registry, sent, classify } = setup();
    classify('a');
    registry.requests[0]?.fail(new Error('/secret/path is broken'));
    await settle();
    expect(sent).toMatchObject([{ type: 'error', id: 'a', code: 'INTERNAL' }]);
    expect(JSON.stringify(sent)).not.toContain('secret');
  });

  test('an unknown model is MODEL_NOT_FOUND', async () => {
    const { sent, classify, gate } = setup();
    classify('a', { model: 'other' });
    await settle();
    expect(sent).toMatchObject([{ type: 'error', id: 'a', code: 'MODEL_NOT_FOUND' }]);
    expect(gate.inside).toBe(0);
  });
});

describe('a message that is not valid', () => {
  test.each<[string, string | Uint8Array, string | undefined]>([
    ['no JSON', 'hello', undefined],
    ['no object', '7', undefined],
    ['an unknown type', '{"type":"dance","id":"x"}', 'x'],
    ['an unknown field', '{"type":"ping","id":"x","more":1}', 'x'],
    ['no id', '{"type":"ping"}', undefined],
    ['an id that is no text', '{"type":"ping","id":7}', undefined],
    ['a classify as text', '{"type":"classify","id":"x","image":{"encoding":"jpeg"}}', 'x'],
    ['a text that is too long', JSON.stringify({ type: 'ping', id: 'x', more: 'y'.repeat(20_000) }), undefined],
    ['no bytes', new Uint8Array(), undefined],
    ['three bytes', new Uint8Array(3), undefined],
    ['a header longer than the frame', new Uint8Array([255, 0, 0, 0, 123]), undefined],
    ['a header longer than any', new Uint8Array([255, 255, 255, 255, 123]), undefined],
    ['a header that is not UTF-8', new Uint8Array([2, 0, 0, 0, 0xc3, 0x28]), undefined],
    ['a header that is no classify', binary('{"type":"ping","id":"x"}'), 'x'],
    ['an unknown encoding', binary('{"type":"classify","id":"x","image":{"encoding":"gif"}}'), 'x'],
    ['no picture', binary('{"type":"classify","id":"x","image":{"encoding":"jpeg"}}', new Uint8Array()), 'x'],
    ['top 0', binary('{"type":"classify","id":"x","top":0,"image":{"encoding":"jpeg"}}'), 'x'],
    ['top NaN', binary('{"type":"classify","id":"x","top":NaN,"image":{"encoding":"jpeg"}}'), undefined],
    [
      'pixels that are too few',
      binary('{"type":"classify","id":"x","image":{"encoding":"rgb8","width":2,"height":2}}'),
      'x',
    ],
    ['jpeg with a width', binary('{"type":"classify","id":"x","image":{"encoding":"jpeg","width":2,"height":2}}'), 'x'],
  ])('%s is INVALID_ARGUMENT, names what it can, and the session lives', (_name, data, id) => {
    const { session, sent, wire, text } = setup();
    session.receive(data);
    expect(sent).toMatchObject([{ type: 'error', code: 'INVALID_ARGUMENT' }]);
    expect((sent[0] as { id?: string }).id).toBe(id);
    text({ type: 'ping', id: 'p' });
    expect(sent[1]).toEqual({ type: 'pong', id: 'p' });
    expect(wire.closedWith).toBeUndefined();
  });

  test('raw pixels beyond the limit are PAYLOAD_TOO_LARGE whatever their bytes', () => {
    const { session, sent } = setup();
    session.receive(binary('{"type":"classify","id":"x","image":{"encoding":"rgb8","width":11,"height":10}}'));
    expect(sent).toMatchObject([{ id: 'x', code: 'PAYLOAD_TOO_LARGE' }]);
  });

  test('an error about something else does not end a request of the same id', async () => {
    const { registry, sent, classify, text } = setup();
    classify('a');
    text({ type: 'cancel', id: 'a', now: true });
    expect(sent[0]).toMatchObject({ type: 'error', code: 'INVALID_ARGUMENT' });
    expect(sent[0]).not.toHaveProperty('id');
    registry.requests[0]?.answer();
    await settle();
    expect(sent[1]).toMatchObject({ type: 'result', id: 'a' });
  });
});

describe('the end of a session', () => {
  test('a client that does not read is disconnected and its requests are dropped', async () => {
    const { registry, wire, sent, classify, text } = setup({ maxUnreadBytes: 50 });
    classify('a');
    wire.unreadBytes = 51;
    text({ type: 'ping', id: 'p' });
    expect(wire.closedWith).toBe(4429);
    await settle();
    text({ type: 'ping', id: 'q' });
    expect(sent).toHaveLength(1);
    expect(registry.open).toBe(0);
  });

  test('a connection that goes away takes its requests with it', async () => {
    const { registry, gate, sent, session, classify } = setup();
    classify('a');
    session.closed();
    await settle();
    expect([registry.open, gate.inside, sent.length]).toEqual([0, 0, 0]);
  });

  test('a drain says goodbye, answers what is in flight and what was on its way, then closes with 1012', async () => {
    const { registry, gate, sent, wire, session, classify } = setup();
    classify('a');
    const drained = gate.drain();
    session.drain();
    expect(sent).toMatchObject([{ type: 'goodbye' }]);
    classify('b');
    expect(sent[1]).toMatchObject({ type: 'error', id: 'b', code: 'DRAINING', retryable: true });
    registry.requests[0]?.answer();
    await drained;
    await settle();
    expect(sent[2]).toMatchObject({ type: 'result', id: 'a' });
    expect(wire.closedWith, 'more may be on its way').toBeUndefined();
    session.ponged();
    expect(wire.closedWith).toBe(1012);
  });

  test('a drain waits for what is in flight when the goodbye has arrived', async () => {
    const { registry, wire, session, classify } = setup();
    classify('a');
    session.drain();
    session.ponged();
    expect(wire.closedWith).toBeUndefined();
    registry.requests[0]?.answer();
    await settle();
    expect(wire.closedWith).toBe(1012);
  });

  test('without requests a drain closes once the goodbye has arrived', () => {
    const { session, wire } = setup();
    session.drain();
    expect([wire.closedWith, wire.pings]).toEqual([undefined, 1]);
    session.ponged();
    expect(wire.closedWith).toBe(1012);
  });

  test('requests that the drain has no time for end with DRAINING', async () => {
    const { gate, sent, session, classify } = setup();
    classify('a');
    void gate.drain();
    session.drain();
    gate.cancelAll();
    await settle();
    expect(sent[1]).toMatchObject({ type: 'error', id: 'a', code: 'DRAINING', retryable: true });
  });

  test('close reasons fit into a close frame', () => {
    const { session, wire } = setup();
    let reason = '';
    wire.close = (_code: number, ...more: string[]) => {
      reason = more[0] ?? '';
    };
    session.end(new TwinlensError('INTERNAL', 'x'.repeat(500)));
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });
});

describe('a client that asks too much', () => {
  const tooMuch = () => {
    throw new TwinlensError('RATE_LIMITED', 'slower', { retryAfterMs: 70 });
  };

  test('is told so with the id of the request, which then is not in flight', () => {
    const { gate, registry, sent, classify, text } = setup({ charge: tooMuch });
    classify('a');
    text({ type: 'ping', id: 'p' });
    text({ type: 'nothing' });
    expect(sent).toMatchObject([
      { type: 'error', id: 'a', code: 'RATE_LIMITED', retryable: true, retryAfterMs: 70 },
      { type: 'error', id: 'p', code: 'RATE_LIMITED' },
      { type: 'error', code: 'RATE_LIMITED' },
    ]);
    expect([registry.requests.length, gate.inside]).toEqual([0, 0]);
  });

  test('may cancel and subscribe all the same: nothing of it is answered', () => {
    let charged = 0;
    const { sent, classify, text, registry } = setup({
      charge: () => {
        charged += 1;
        if (charged > 1) tooMuch();
      },
    });
    classify('a');
    text({ type: 'subscribe', models: [] });
    text({ type: 'cancel', id: 'a' });
    expect(registry.requests[0]?.request.signal?.aborted).toBe(true);
    expect(sent).toEqual([]);
  });
});
