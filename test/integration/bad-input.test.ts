/** Every kind of bad input gets its code and a message, and the process lives on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clock, fixture } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { memoryOf } from '../support/processes.ts';
import { StreamClient } from '../support/stream-client.ts';

const MAX_BYTES = 4 * 1024 * 1024;

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway({
    env: { TWINLENS_MAX_BYTES: String(MAX_BYTES), TWINLENS_LOG_LEVEL: 'info' },
  });
});
afterAll(async () => {
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  expect(gateway.errors).toBe('');
});

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly requestId: string | null;
  readonly body: Record<string, unknown>;
}

async function post(body: RequestInit['body'], query = '', headers: Record<string, string> = {}): Promise<Answer> {
  const init = { method: 'POST', body: body ?? null, headers, duplex: 'half' } as RequestInit;
  const response = await fetch(`${gateway.url}/v1/classify${query}`, init);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    requestId: response.headers.get('x-request-id'),
    body: (await response.json()) as Record<string, unknown>,
  };
}

/** A problem document as the protocol describes it. */
function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.body).toMatchObject({ type: 'about:blank', status, code, instance: answer.requestId });
  expect(answer.status).toBe(status);
  expect(answer.type).toBe('application/problem+json');
  expect(String(answer.body.detail).length, 'a message that says what to do').toBeGreaterThan(20);
}

const form = (...parts: [string, Uint8Array<ArrayBuffer> | string][]) => {
  const data = new FormData();
  for (const [name, value] of parts) {
    if (typeof value === 'string') data.append(name, value);
    else data.append(name, new Blob([value]), 'photo.jpg');
  }
  return data;
};

describe('POST /v1/classify', () => {
  test.each<[string, string, number, string]>([
    ['an empty body', 'empty.jpg', 400, 'INVALID_ARGUMENT'],
    ['HTML named .jpg', 'page.jpg', 415, 'UNSUPPORTED_MEDIA'],
    ['bytes of no format', 'noise.bin', 415, 'UNSUPPORTED_MEDIA'],
    ['a GIF', 'animated.gif', 415, 'UNSUPPORTED_MEDIA'],
    ['a truncated JPEG', 'truncated.jpg', 422, 'UNDECODABLE_IMAGE'],
    ['a PNG that ends after its header', 'header-only.png', 422, 'UNDECODABLE_IMAGE'],
    ['a PNG of 60000 x 60000', 'bomb-60000.png', 413, 'PAYLOAD_TOO_LARGE'],
    ['a PNG of 12000 x 12000', 'bomb-12000.png', 413, 'PAYLOAD_TOO_LARGE'],
  ])('%s is refused', async (_name, file, status, code) => {
    expectProblem(await post(fixture(file), '', { 'content-type': 'image/jpeg' }), status, code);
  });

  test.each([
    'animated.png',
    'animated.webp',
    'cmyk.jpg',
    'rgb16.png',
    'gray.jpg',
    'gray16.png',
    'rgba.png',
    'one-pixel.png',
    'picture.avif',
  ])('%s is answered', async (file) => {
    const answer = await post(fixture(file));
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(answer.body).toMatchObject({ model: 'efficientnet-lite0', id: answer.requestId });
    expect(answer.body.predictions).toHaveLength(5);
  });

  test.each<[string, string]>([
    ['the right type', 'image/jpeg'],
    ['the type of another picture', 'image/png'],
    ["curl's own type", 'application/x-www-form-urlencoded'],
    ['plain bytes', 'application/octet-stream'],
  ])('the bytes decide, not the header: %s', async (_name, type) => {
    const answer = await post(clock(), '?top=1', { 'content-type': type });
    expect(answer.body.predictions).toMatchObject([{ label: 'analog clock' }]);
  });

  test.each<[string, Record<string, string>]>([
    ['JSON', { 'content-type': 'application/json' }],
    ['text', { 'content-type': 'text/plain' }],
    ['a compressed body', { 'content-type': 'image/jpeg', 'content-encoding': 'gzip' }],
  ])('%s is UNSUPPORTED_MEDIA', async (_name, headers) => {
    expectProblem(await post(clock(), '', headers), 415, 'UNSUPPORTED_MEDIA');
  });

  test.each([
    '?top=NaN',
    '?top=0',
    '?top=1.5',
    '?top=-1',
    '?top=',
    '?top=1&top=2',
    '?tpo=1',
    '?deadlineMs=0',
    '?priority=urgent',
    '?model=',
    '?model=No%20Model',
    `?model=${'a'.repeat(101)}`,
  ])('the query %s is INVALID_ARGUMENT', async (query) => {
    expectProblem(await post(clock(), query), 400, 'INVALID_ARGUMENT');
  });

  test.each(['?model=nothing', '?model=efficientnet-lite0@99', '?model=efficientnet-lite0:nothing'])(
    'an unknown model, version or label is MODEL_NOT_FOUND: %s',
    async (query) => {
      expectProblem(await post(clock(), query), 404, 'MODEL_NOT_FOUND');
    },
  );

  test('a form with one file in the field image is answered', async () => {
    expect((await post(form(['image', clock()]), '?top=1')).body.predictions).toMatchObject([
      { label: 'analog clock' },
    ]);
  });

  test.each<[string, FormData]>([
    ['another field', form(['photo', clock()])],
    ['two files', form(['image', clock()], ['image', clock()])],
    ['a file and a value', form(['image', clock()], ['top', '3'])],
    ['a value only', form(['image', 'x'])],
    ['nothing', form()],
    ['an empty file', form(['image', new Uint8Array()])],
  ])('a form with %s is INVALID_ARGUMENT', async (_name, data) => {
    expectProblem(await post(data), 400, 'INVALID_ARGUMENT');
  });

  test('a form without boundary is INVALID_ARGUMENT', async () => {
    expectProblem(await post(clock(), '', { 'content-type': 'multipart/form-data' }), 400, 'INVALID_ARGUMENT');
  });

  test('a picture of exactly the limit is read, of one byte more not', async () => {
    const largest = new Uint8Array(MAX_BYTES);
    largest.set(clock());
    expect((await post(largest)).status).toBe(200);
    expectProblem(await post(new Uint8Array(MAX_BYTES + 1)), 413, 'PAYLOAD_TOO_LARGE');
    expectProblem(await post(form(['image', new Uint8Array(MAX_BYTES + 1)])), 413, 'PAYLOAD_TOO_LARGE');
  });

  test('a body without length is refused as soon as it is too large, not at its end', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    // The answer may come while the body is still being sent; fetch then gives up the body.
    const answer = await post(endless).catch((error: unknown) => error);
    if (!(answer instanceof Error)) expectProblem(answer as Answer, 413, 'PAYLOAD_TOO_LARGE');
    expect(sent).toBeLessThan(20 * MAX_BYTES);
    await gateway.logged((line) => line.code === 'PAYLOAD_TOO_LARGE');
  });

  test('other methods are METHOD_NOT_ALLOWED with the ones that work', async () => {
    const response = await fetch(`${gateway.url}/v1/classify`, { method: 'PUT', body: 'x' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await response.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  });
});

describe('the stream', () => {
  test('raw pixels of the wrong length, unknown models and broken pictures end with their codes, on one connection', async () => {
    const client = await StreamClient.open(gateway.streamUrl);
    client.classify('few', new Uint8Array(11), { image: { encoding: 'rgb8', width: 2, height: 2 } });
    client.classify('empty', new Uint8Array());
    client.classify('model', clock(), { model: 'nothing' });
    client.classify('spec', clock(), { model: 'No Model' });
    client.classify('cut', fixture('truncated.jpg'));
    client.classify('html', fixture('page.jpg'));
    client.classify('bomb', fixture('bomb-60000.png'), { image: { encoding: 'png' } });
    client.classify('raw bomb', new Uint8Array(3), { image: { encoding: 'rgb8', width: 60_000, height: 60_000 } });
    client.classify('raw', new Uint8Array(12), { image: { encoding: 'rgb8', width: 2, height: 2 } });
    const codes: Record<string, string> = {};
    for (const id of ['few', 'empty', 'model', 'spec', 'cut', 'html', 'bomb', 'raw bomb', 'raw']) {
      const answer = await client.answer(id);
      codes[id] = answer.type === 'result' ? 'OK' : answer.code;
    }
    expect(codes).toEqual({
      few: 'INVALID_ARGUMENT',
      empty: 'INVALID_ARGUMENT',
      model: 'MODEL_NOT_FOUND',
      spec: 'INVALID_ARGUMENT',
      cut: 'UNDECODABLE_IMAGE',
      html: 'UNSUPPORTED_MEDIA',
      bomb: 'PAYLOAD_TOO_LARGE',
      'raw bomb': 'PAYLOAD_TOO_LARGE',
      raw: 'OK',
    });
    client.close();
  });

  test('a frame above the limit closes with 1009, after an error that says so', async () => {
    const client = await StreamClient.open(gateway.streamUrl);
    client.classify('large', new Uint8Array(MAX_BYTES));
    expect(await client.closed).toMatchObject({ code: 1009, reason: expect.stringContaining('smaller') });
    expect(client.messages.at(-1)).toMatchObject({ type: 'error', code: 'PAYLOAD_TOO_LARGE' });
  });
});

describe('afterwards', () => {
  test('the memory comes back after hundreds of them at once', async () => {
    const files = ['bomb-60000.png', 'bomb-12000.png', 'truncated.jpg', 'page.jpg', 'noise.bin', 'empty.jpg'];
    const round = () =>
      Promise.all(
        Array.from({ length: 120 }, (_, i) =>
          post(i % 7 === 6 ? new Uint8Array(MAX_BYTES + 1) : fixture(files[i % 7] ?? '')),
        ),
      );
    await round();
    const before = memoryOf(gateway.pid);
    for (let i = 0; i < 3; i += 1) {
      for (const { status } of await round()) expect([400, 413, 415, 422]).toContain(status);
    }
    expect(memoryOf(gateway.pid) - before, 'bytes more').toBeLessThan(200 * 1024 * 1024);
  });

  test('a good picture is answered as before, by the same process', async () => {
    expect((await post(clock(), '?top=1')).body.predictions).toMatchObject([{ label: 'analog clock' }]);
    const health = (await (await fetch(`${gateway.url}/health`)).json()) as { status: string; inFlight: number };
    expect(health).toMatchObject({ status: 'ready', inFlight: 0 });
    expect(gateway.log.filter((line) => line.event_type === 'crashed')).toEqual([]);
  });
});
