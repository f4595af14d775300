import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { jpeg, result, welcome } from '../test/doubles/wire-gateway.ts';
import { parseRetryAfter } from './http.ts';
import { TwinlensClient } from './index.ts';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A gateway that gives its answers in turn; the last one stays. */
async function serve(...answers: Answer[]) {
  const requests: { method: string | undefined; url: string | undefined; type: string | undefined; bytes: number }[] =
    [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({
        method: request.method,
        url: request.url,
        type: request.headers['content-type'],
        bytes: Buffer.concat(chunks).length,
      });
      (answers.length > 1 ? answers.shift() : answers[0])?.(request, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endings.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { requests, url, client: new TwinlensClient({ url }) };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const { type: _, ...answer } = result('request-1');

describe('classifyHttp', () => {
  it('posts the image as it is, with its media type, and names the model in the query', async () => {
    const { client, requests } = await serve(json(200, answer));
    const { id, ...classification } = answer;
    expect(id).toBe('request-1');
    await expect(
      client.classifyHttp(jpeg(9), { model: 'mini@1', top: 2, priority: 'low', key: 'an na', deadlineMs: 900.5 }),
    ).resolves.toEqual(classification);
    await client.classifyHttp({ encoding: 'webp', data: new Uint8Array(new SharedArrayBuffer(5)) });
    await client.classifyHttp({ encoding: 'png', data: new Uint8Array(10).subarray(3, 7) });
    expect(requests).toEqual([
      {
        method: 'POST',
        url: '/v1/classify?model=mini%401&top=2&priority=low&key=an+na&deadlineMs=901',
        type: 'image/jpeg',
        bytes: 9,
      },
      { method: 'POST', url: '/v1/classify?deadlineMs=30000', type: 'image/webp', bytes: 5 },
      { method: 'POST', url: '/v1/classify?deadlineMs=30000', type: 'image/png', bytes: 4 },
    ]);
  });

  it('reads the code, the words and the wait of a problem document', async () => {
    const problem = { status: 422, code: 'UNDECODABLE_IMAGE', detail: 'no picture', retryable: false };
    const { client } = await serve(json(422, problem, { 'content-type': 'application/problem+json' }));
    await expect(client.classifyHttp(jpeg())).rejects.toMatchObject({
      name: 'TwinlensError',
      code: 'UNDECODABLE_IMAGE',
      message: 'no picture',
      retryable: false,
    });
  });

  it('gives a code also to answers of proxies, which know none', async () => {
    const { client } = await serve(
      json(502, '<html>Bad gateway</html>'),
      json(413, ''),
      json(404, '[]'),
      json(400, '{}'),
      json(200, '<html>'),
      json(200, { label: 'cat' }),
    );
    const codes: unknown[] = [];
    for (let i = 0; i < 6; i += 1) {
      await client.classifyHttp(jpeg()).catch((error: { code: unknown }) => codes.push(error.code));
    }
    expect(codes).toEqual([
      'UNAVAILABLE',
      'PAYLOAD_TOO_LARGE',
      'NOT_FOUND',
      'INVALID_ARGUMENT',
      'INTERNAL',
      'INTERNAL',
    ]);
  });

  it('asks again once when told when to', async () => {
    const full = json(429, { code: 'QUEUE_FULL', detail: 'full', retryAfterMs: 1 });
    const { client, requests } = await serve(full, json(200, answer), full, full, json(200, answer));
    await expect(client.classifyHttp(jpeg())).resolves.toMatchObject({ model: 'mini' });
    await expect(client.classifyHttp(jpeg())).rejects.toMatchObject({ code: 'QUEUE_FULL', retryAfterMs: 1 });
    expect(requests).toHaveLength(4);
  });

  it('does not wait for a retry that would come after the deadline', async () => {
    const { client, requests } = await serve(json(503, { code: 'DRAINING', detail: 'bye' }, { 'retry-after': '20' }));
    await expect(client.classifyHttp(jpeg(), { deadlineMs: 5_000 })).rejects.toMatchObject({
      code: 'DRAINING',
      retryAfterMs: 20_000,
    });
    expect(requests).toHaveLength(1);
  });

  it('rejects at the deadline and on abort while the gateway is silent', async () => {
    const { client } = await serve(() => undefined);
    await expect(client.classifyHttp(jpeg(), { deadlineMs: 30 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    for (const deadlineMs of [Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(client.classifyHttp(jpeg(), { deadlineMs })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    const controller = new AbortController();
    const waiting = client.classifyHttp(jpeg(), { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(client.classifyHttp(jpeg(), { signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });

  it('answers UNAVAILABLE, retryable, when nothing listens', async () => {
    const client = new TwinlensClient({ url: 'http://127.0.0.1:9' });
    await expect(client.classifyHttp(jpeg())).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  });
});

describe('models over HTTP', () => {
  it('lists models and describes one, below the path of the address', async () => {
    const summary = welcome().models[0];
    const detail = { ...summary, details: [{ version: 1, state: 'available', provider: 'cpu', manifest: {} }] };
    const { url, requests } = await serve(json(200, { models: [summary] }), json(200, detail));
    const client = new TwinlensClient({ url: `${url}/twinlens/` });
    await expect(client.models()).resolves.toEqual([summary]);
    await expect(client.model('a/b')).resolves.toEqual(detail);
    expect(requests.map((request) => request.url)).toEqual(['/twinlens/v1/models', '/twinlens/v1/models/a%2Fb']);
  });
});

describe('parseRetryAfter', () => {
  it('reads seconds and dates, and nothing else', () => {
    const date = () => Date.UTC(2026, 0, 1);
    expect(parseRetryAfter('2', { date })).toBe(2_000);
    expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:05 GMT', { date })).toBe(5_000);
    expect(parseRetryAfter('Thu, 01 Jan 2025 00:00:05 GMT', { date })).toBe(0);
    expect(parseRetryAfter('soon', { date })).toBeUndefined();
    expect(parseRetryAfter(null, { date })).toBeUndefined();
  });
});
