/** Models and their files over real HTTP, and what is answered where nothing is. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../core/manifest.ts';
import { parseModelDetail, parseModels } from '../../core/protocol.ts';
import { ROOT } from '../support/gateway-process.ts';
import { served } from '../support/served.ts';

const { get, raw } = served();

describe('models and their files', () => {
  const files = '/v1/models/efficientnet-lite0/versions/1/files';
  const folder = join(ROOT, 'models/efficientnet-lite0');

  test('list and detail are what the protocol says', async () => {
    const models = parseModels(await (await get('/v1/models')).json());
    expect(models).toMatchObject([{ name: 'efficientnet-lite0', default: true, versions: [1] }]);
    const detail = parseModelDetail(await (await get('/v1/models/efficientnet-lite0')).json());
    expect(parseManifest(detail.details[0]?.manifest).name).toBe('efficientnet-lite0');
    expect(detail.details[0]?.state).toBe('available');
  });

  test('every file of the manifest arrives with the bytes and the hash that it names, immutable', async () => {
    const manifest = parseManifest(JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')));
    for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
      const response = await get(`${files}/${name}`);
      const body = new Uint8Array(await response.arrayBuffer());
      expect([response.status, body.length, createHash('sha256').update(body).digest('hex')]).toEqual([
        200,
        bytes,
        sha256,
      ]);
      expect(response.headers.get('etag')).toBe(`"${sha256}"`);
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    }
  });

  test('model.json is served with the hash of its bytes and asked for again each time', async () => {
    const response = await get(`${files}/model.json`);
    const body = new Uint8Array(await response.arrayBuffer());
    expect(Buffer.compare(body, readFileSync(join(folder, 'model.json')))).toBe(0);
    expect(response.headers.get('etag')).toBe(`"${createHash('sha256').update(body).digest('hex')}"`);
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(response.headers.get('content-type')).toContain('application/json');
  });

  test('If-None-Match is answered 304, HEAD without a body', async () => {
    const head = await get(`${files}/model.onnx`, {}, 'HEAD');
    const etag = head.headers.get('etag') ?? '';
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(1_000_000);
    const again = await get(`${files}/model.onnx`, { 'if-none-match': `"other", W/${etag}` });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
  });

  test('a range continues a broken download; one outside is 416', async () => {
    const whole = readFileSync(join(folder, 'classes.json'));
    const part = await get(`${files}/classes.json`, { range: 'bytes=100-' });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 100-${whole.length - 1}/${whole.length}`);
    expect(Buffer.compare(new Uint8Array(await part.arrayBuffer()), whole.subarray(100))).toBe(0);
    const outside = await get(`${files}/classes.json`, { range: `bytes=${whole.length}-` });
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, `bytes */${whole.length}`]);
    const changed = await get(`${files}/classes.json`, { range: 'bytes=100-', 'if-range': '"other"' });
    expect([changed.status, (await changed.arrayBuffer()).byteLength]).toEqual([200, whole.length]);
  });

  test.each([
    [`${files}/nothing.bin`, 404, 'NOT_FOUND'],
    [`${files}/..%2f..%2fmodels%2fREADME.md`, 404, 'NOT_FOUND'],
    [`${files}/goldens/../../../package.json`, 404, 'NOT_FOUND'],
    ['/v1/models/efficientnet-lite0/versions/2/files/model.json', 404, 'MODEL_NOT_FOUND'],
    ['/v1/models/efficientnet-lite0/versions/x/files/model.json', 400, 'INVALID_ARGUMENT'],
    ['/v1/models/nothing', 404, 'MODEL_NOT_FOUND'],
    ['/v1/nothing', 404, 'NOT_FOUND'],
    ['/v1/models/%', 400, 'INVALID_ARGUMENT'],
    ['/v1/stream', 400, 'INVALID_ARGUMENT'],
  ])('%s is %i %s', async (path, status, code) => {
    const text = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(text).toContain(`HTTP/1.1 ${status} `);
    expect(text.toLowerCase()).toContain('content-type: application/problem+json\r\n');
    expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status, code });
  });

  test('a WebSocket handshake that is not valid is answered with a problem document too', async () => {
    const head = 'GET /v1/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    const text = await raw(`${head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: twinlens.v1\r\n\r\n`);
    expect(text).toContain('HTTP/1.1 400 ');
    expect(text).toContain('"code":"INVALID_ARGUMENT"');
  });

  test('a request that asks for HTTP/2 is served, or told to ask without', async () => {
    const text = await raw(
      'GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n',
    );
    expect(text).toMatch(/"status":"live"|without Upgrade/);
  });

  test('bytes that are no HTTP are answered with a problem document too', async () => {
    const text = await raw('HELLO\r\n\r\n');
    expect(text).toContain('HTTP/1.1 400 ');
    expect(text).toContain('"code":"INVALID_ARGUMENT"');
    expect(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`)).toContain('too large');
  });
});
