/**
 * Random input on every way in. The seed is printed; with FUZZ_SEED the same runs come again. The gateway may
 * refuse whatever it likes, but with an answer that the protocol knows, and it must live on.
 */
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isErrorCode } from '../../core/errors.ts';
import { clock, fixture } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { StreamClient } from '../support/stream-client.ts';

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`fuzz seed: FUZZ_SEED=${seed}`);

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway({ env: { TWINLENS_MAX_BYTES: '1000000' } });
});
afterAll(async () => {
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  expect(gateway.errors).toBe('');
  expect(gateway.log.filter(({ code }) => code === 'INTERNAL' || code === 'ENGINE_FAILED')).toEqual([]);
});

const word = fc.constantFrom('classify', 'cancel', 'subscribe', 'ping', 'id', 'a', 'jpeg', 'rgb8', '__proto__', '');
const value = fc.oneof(
  word,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(word, { maxLength: 3 }),
);
/** Messages that are nearly right. */
const message = fc.record(
  {
    type: fc.oneof(word, value),
    id: fc.oneof({ weight: 3, arbitrary: fc.string({ maxLength: 70 }) }, { weight: 1, arbitrary: value }),
    image: fc.oneof(
      value,
      fc.record({ encoding: word, width: value, height: value }, { requiredKeys: ['encoding'] }),
      fc.constant({ encoding: 'jpeg' }),
    ),
    models: fc.oneof(fc.array(word), value),
    top: value,
    deadlineMs: value,
    priority: fc.oneof(fc.constantFrom('high', 'normal'), value),
    stream: value,
    extra: value,
  },
  { requiredKeys: ['type'] },
);

const text = fc.oneof(
  message.map((given) => JSON.stringify(given)),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

const frame = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  fc
    .record({
      header: text,
      length: fc.option(fc.nat({ max: 2 ** 32 - 1 })),
      payload: fc.uint8Array({ maxLength: 50 }),
    })
    .map(({ header, length, payload }) => {
      const bytes = new TextEncoder().encode(header);
      const built = new Uint8Array(4 + bytes.length + payload.length);
      new DataView(built.buffer).setUint32(0, length ?? bytes.length, true);
      built.set(bytes, 4);
      built.set(payload, 4 + bytes.length);
      return built;
    }),
);

const answersIn = (client: StreamClient) =>
  client.messages.filter(({ type }) => type === 'result' || type === 'error').length;

describe('the stream', () => {
  test('every binary frame gets one answer, every text at most one, and the connection lives', async () => {
    const client = await StreamClient.open(gateway.streamUrl);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(text, frame), { minLength: 1, maxLength: 10 }), async (inputs) => {
        const before = answersIn(client);
        for (const input of inputs) client.send(input);
        const frames = inputs.filter((input) => typeof input !== 'string').length;
        await client.roundTrip();
        await client.until(() => answersIn(client) - before >= frames, 'one answer a frame');
        expect(answersIn(client) - before).toBeLessThanOrEqual(inputs.length);
      }),
      { seed, numRuns: 300 },
    );
    client.close();
  });

  test('damaged pictures end with a result or a code that says so', async () => {
    const client = await StreamClient.open(gateway.streamUrl);
    const pictures = {
      jpeg: fixture('progressive.jpg'),
      png: fixture('rgb.png'),
      webp: fixture('lossless.webp'),
      avif: fixture('picture.avif'),
    };
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('jpeg', 'png', 'webp', 'avif'),
        fc.array(fc.tuple(fc.nat({ max: 999 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 1000 }),
        async (encoding, changes, kept) => {
          const bytes = pictures[encoding].slice(0, Math.ceil((pictures[encoding].length * kept) / 1000));
          for (const [place, byte] of changes) bytes[Math.floor((place * bytes.length) / 1000)] = byte;
          count += 1;
          const id = `p${count}`;
          client.classify(id, bytes, { image: { encoding } });
          const answer = await client.answer(id);
          if (answer.type === 'result') return;
          expect(['UNDECODABLE_IMAGE', 'UNSUPPORTED_MEDIA', 'PAYLOAD_TOO_LARGE']).toContain(answer.code);
        },
      ),
      { seed, numRuns: 150 },
    );
    client.close();
  });

  test('bytes that are no WebSocket frames end their connection only', async () => {
    const { hostname, port } = new URL(gateway.url);
    const handshake = [
      'GET /v1/stream HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: twinlens.v1',
      '\r\n',
    ].join('\r\n');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        return new Promise<void>((resolve) => {
          const socket = connect(Number(port), hostname, () => socket.write(handshake));
          socket.once('data', () => socket.end(bytes));
          // Whatever came back: that the gateway lives is asked below.
          socket.on('error', () => resolve());
          socket.on('close', () => resolve());
        });
      }),
      { seed, numRuns: 60 },
    );
    const client = await StreamClient.open(gateway.streamUrl);
    await client.roundTrip();
    client.close();
  });
});

describe('POST /v1/classify', () => {
  test('any body under any type is answered by JSON with a status of the table', async () => {
    const type = fc.oneof(
      fc.constantFrom(
        'image/jpeg',
        'application/octet-stream',
        'multipart/form-data',
        'multipart/form-data; boundary=x',
        'text/html',
        '',
      ),
      fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
    );
    const query = fc.oneof(
      fc.constant(''),
      fc.webQueryParameters().map((given) => `?${given}`),
    );
    await fc.assert(
      fc.asyncProperty(type, query, fc.uint8Array({ maxLength: 300 }), async (contentType, search, body) => {
        const response = await fetch(`${gateway.url}/v1/classify${search}`, {
          method: 'POST',
          body: new Uint8Array(body),
          headers: { 'content-type': contentType },
        });
        const answer = (await response.json()) as { code?: unknown };
        expect(response.status).toBeGreaterThanOrEqual(400);
        expect(response.status, JSON.stringify(answer)).not.toBe(500);
        expect(isErrorCode(answer.code), JSON.stringify(answer)).toBe(true);
      }),
      { seed, numRuns: 200 },
    );
  });

  test('afterwards a good picture is answered', async () => {
    const response = await fetch(`${gateway.url}/v1/classify?top=1`, { method: 'POST', body: clock() });
    expect(await response.json()).toMatchObject({ predictions: [{ label: 'analog clock' }] });
  });
});
