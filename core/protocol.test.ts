import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classification } from '../test/support/classification.ts';
import { IMAGE_ENCODINGS, PRIORITIES, RAW_ENCODINGS } from './engine.ts';
import { TwinlensError } from './errors.ts';
import {
  type ClientMessage,
  parseClassification,
  parseClientMessage,
  parseGatewayMessage,
  parseModelDetail,
  parseModels,
} from './protocol.ts';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`protocol: FUZZ_SEED=${seed}`);
const options = { seed, numRuns: 2_000 } as const;

const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const dimension = fc.integer({ min: 1, max: 65_535 });
const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record(
    {
      type: fc.constant('classify' as const),
      id,
      model: fc.constantFrom('lens', 'lens@3', 'lens:stable'),
      top: fc.integer({ min: 1, max: 100_000 }),
      image: fc.oneof(
        fc.record({ encoding: fc.constantFrom(...IMAGE_ENCODINGS) }),
        fc.record({ encoding: fc.constantFrom(...RAW_ENCODINGS), width: dimension, height: dimension }),
      ),
      deadlineMs: fc.integer({ min: 1, max: 600_000 }),
      priority: fc.constantFrom(...PRIORITIES),
      stream: id,
    },
    { requiredKeys: ['type', 'id', 'image'], noNullPrototype: true },
  ),
  fc.record({ type: fc.constant('cancel' as const), id }, { noNullPrototype: true }),
  fc.record(
    { type: fc.constant('subscribe' as const), models: fc.array(id, { maxLength: 64 }) },
    { noNullPrototype: true },
  ),
  fc.record({ type: fc.constant('ping' as const), id }, { noNullPrototype: true }),
);

/** Runs `parse`; anything but a TwinlensError of `code` with a bounded message goes through. */
function refusal(parse: () => unknown, code: string): TwinlensError | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (!(error instanceof TwinlensError)) throw error;
    expect(error.code).toBe(code);
    expect(error.message.length).toBeLessThan(8_000);
    return error;
  }
}

const classify = { type: 'classify', id: '1', image: { encoding: 'jpeg' } };

describe('parseClientMessage', () => {
  test('reads every message that a client can write', () => {
    fc.assert(
      fc.property(clientMessage, (message) => {
        expect(parseClientMessage(JSON.stringify(message))).toEqual(message);
      }),
      options,
    );
  });

  test.each([
    ['an unknown field', { ...classify, extra: 1 }, '"extra"'],
    ['an unknown field of the image', { ...classify, image: { encoding: 'png', width: 3 } }, '"width"'],
    ['an unknown field of cancel', { type: 'cancel', id: '1', force: true }, '"force"'],
    ['an unknown field of subscribe', { type: 'subscribe', models: [], since: 1 }, '"since"'],
    ['an unknown field of ping', { type: 'ping', id: '1', at: 1 }, '"at"'],
    ['no type', { id: '1' }, 'type'],
    ['an unknown type', { ...classify, type: 'train' }, 'type'],
    ["a message of the gateway's", { type: 'pong', id: '1' }, 'type'],
    ['no id', { ...classify, id: undefined }, 'id'],
    ['an empty id', { ...classify, id: '' }, 'id'],
    ['a long id', { ...classify, id: 'x'.repeat(65) }, 'id'],
    ['an id that is a number', { ...classify, id: 1 }, 'id'],
    ['NaN top, which JSON writes as null', { ...classify, top: Number.NaN }, 'top'],
    ['top 0', { ...classify, top: 0 }, 'top'],
    ['half a top', { ...classify, top: 1.5 }, 'top'],
    ['top as text', { ...classify, top: '5' }, 'top'],
    ['deadline 0', { ...classify, deadlineMs: 0 }, 'deadlineMs'],
    ['a deadline beyond ten minutes', { ...classify, deadlineMs: 600_001 }, 'deadlineMs'],
    ['an unknown priority', { ...classify, priority: 'urgent' }, 'priority'],
    ['an empty stream', { ...classify, stream: '' }, 'stream'],
    ['no image', { ...classify, image: undefined }, 'image'],
    ['an unknown encoding', { ...classify, image: { encoding: 'gif' } }, 'image.encoding'],
    ['raw pixels without a size', { ...classify, image: { encoding: 'rgb8' } }, 'image.width'],
    ['width 0', { ...classify, image: { encoding: 'rgb8', width: 0, height: 1 } }, 'image.width'],
    [
      'a height beyond 16 bits',
      { ...classify, image: { encoding: 'rgba8', width: 1, height: 65_536 } },
      'image.height',
    ],
    ['a long model', { ...classify, model: 'x'.repeat(101) }, 'model'],
    ['too many models', { type: 'subscribe', models: Array.from({ length: 65 }, () => 'm') }, 'models'],
    ['null', null, 'message'],
    ['an array', [classify], 'message'],
    ['a number', 1, 'message'],
  ])('refuses %s and names it', (_title, message, named) => {
    expect(refusal(() => parseClientMessage(JSON.stringify(message)), 'INVALID_ARGUMENT')?.message).toContain(named);
  });

  test.each([
    '',
    '{',
    'NaN',
    '{"type":"ping","id":"1"',
    '{"type":"classify","id":"1","top":NaN,"image":{"encoding":"jpeg"}}',
    "{'type':'ping','id':'1'}",
    '{"type":"ping","id":"1"}{"type":"ping","id":"1"}',
    '['.repeat(200_000),
  ])('refuses what is not JSON: %#', (text) => {
    expect(refusal(() => parseClientMessage(text), 'INVALID_ARGUMENT')?.message).toMatch(/not valid JSON/);
  });

  test('refuses a number too large for JSON to hold', () => {
    const text = '{"type":"classify","id":"1","top":1e999,"image":{"encoding":"jpeg"}}';
    expect(refusal(() => parseClientMessage(text), 'INVALID_ARGUMENT')?.message).toContain('top');
  });

  test('takes nothing from __proto__', () => {
    const text = '{"__proto__":{"type":"ping","id":"1"}}';
    expect(refusal(() => parseClientMessage(text), 'INVALID_ARGUMENT')).toBeDefined();
    const hidden = '{"type":"ping","__proto__":{"id":"1"}}';
    expect(refusal(() => parseClientMessage(hidden), 'INVALID_ARGUMENT')?.message).toContain('id');
  });

  test('a hundred thousand mistakes make no long message', () => {
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`field${i}`, i]));
    const error = refusal(() => parseClientMessage(JSON.stringify({ ...classify, ...wide })), 'INVALID_ARGUMENT');
    expect(error).toBeDefined();
  });

  test('any text is read or refused with INVALID_ARGUMENT', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json());
    fc.assert(
      fc.property(text, (given) => {
        refusal(() => parseClientMessage(given), 'INVALID_ARGUMENT');
      }),
      options,
    );
  });

  test('a message with any field replaced or characters changed is read or refused with INVALID_ARGUMENT', () => {
    fc.assert(
      fc.property(
        clientMessage,
        fc.nat(),
        fc.jsonValue(),
        fc.string({ unit: 'binary' }),
        (message, at, value, text) => {
          const keys = Object.keys(message);
          const replaced = JSON.stringify({ ...message, [keys[at % keys.length] ?? 'type']: value });
          const json = JSON.stringify(message);
          const place = at % json.length;
          for (const mutated of [replaced, json.slice(0, place) + text + json.slice(place + 1), json.slice(0, place)]) {
            refusal(() => parseClientMessage(mutated), 'INVALID_ARGUMENT');
          }
        },
      ),
      options,
    );
  });
});

const answer = classification();
const summary = { name: 'lens', title: 'Lens', default: true, versions: [1], labels: { stable: 1 } };

describe('what the gateway sends', () => {
  test.each([
    {
      type: 'welcome',
      protocol: 'twinlens.v1',
      server: '0.1.0',
      limits: { maxInFlight: 8, maxBytes: 10, maxPixels: 100 },
      models: [summary],
    },
    { type: 'result', id: '1', ...answer },
    { type: 'error', id: '1', code: 'QUEUE_FULL', message: 'x', retryable: true, retryAfterMs: 5 },
    { type: 'error', code: 'INVALID_ARGUMENT', message: 'x', retryable: false },
    { type: 'model', event: 'label', model: 'lens', version: 2, label: 'stable' },
    { type: 'goodbye', retryAfterMs: 100 },
    { type: 'pong', id: '1' },
  ])('is read, and fields that are new to this client are left out: $type', (message) => {
    expect(parseGatewayMessage(JSON.stringify(message))).toEqual(message);
    expect(parseGatewayMessage(JSON.stringify({ ...message, later: { a: 1 } }))).toEqual(message);
  });

  test.each([
    ['no JSON', '{'],
    ['a type that is not known', '{"type":"greeting"}'],
    ['a code that is not known', '{"type":"error","code":"TEAPOT","message":"x","retryable":false}'],
    ['another protocol', '{"type":"welcome","protocol":"twinlens.v2"}'],
    ['a result without scores', '{"type":"result","id":"1"}'],
  ])('is refused as INTERNAL, as it is no mistake of the caller: %s', (_title, text) => {
    expect(refusal(() => parseGatewayMessage(text), 'INTERNAL')?.message).toMatch(/^The gateway sent/);
  });

  test('of the HTTP bodies is read by the same rules', () => {
    expect(parseModels({ models: [summary], later: 1 })).toEqual([summary]);
    expect(parseClassification({ ...answer, id: 'x' })).toEqual(answer);
    const detail = { ...summary, details: [{ version: 1, state: 'available', provider: 'cpu', manifest: {} }] };
    expect(parseModelDetail(detail)).toEqual(detail);
    for (const parse of [parseModels, parseClassification, parseModelDetail]) {
      fc.assert(
        fc.property(fc.anything(), (value) => {
          expect(refusal(() => parse(value), 'INTERNAL')).toBeDefined();
        }),
        { seed },
      );
    }
  });

  test('whatever it is, is read or refused as INTERNAL', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        refusal(() => parseGatewayMessage(text), 'INTERNAL');
      }),
      options,
    );
  });
});
