/** Files, headers, health, metrics and documents over real HTTP. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseManifest } from '../../core/manifest.ts';
import { parseClassification, parseModelDetail, parseModels } from '../../core/protocol.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, ROOT, startGateway } from '../support/gateway-process.ts';

const ORIGIN = 'https://app.example';
const page = mkdtempSync(join(tmpdir(), 'twinlens-page-'));
const html = `<!doctype html><script>self.x=1</script><p>${'words '.repeat(500)}</p>`;

let gateway: GatewayProcess;
beforeAll(async () => {
  mkdirSync(join(page, '_next/static'), { recursive: true });
  for (const [file, text] of Object.entries({
    'index.html': html,
    'index.html.br': brotliCompressSync(html),
    'about.html': '<p>about</p>',
    '404.html': '<p>not here</p>',
    'service-worker.js': 'self',
    'manifest.webmanifest': '{}',
    '_next/static/a.wasm': Buffer.from([0, 0x61, 0x73, 0x6d]),
    '_next/static/b.mjs': 'export {}',
  })) {
    writeFileSync(join(page, file), text);
  }
  gateway = await startGateway({ env: { TWINLENS_PAGE: page, TWINLENS_ORIGINS: ORIGIN, TWINLENS_INSTANCES: '1' } });
});
afterAll(async () => {
  rmSync(page, { recursive: true });
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  expect(gateway.errors).toBe('');
});

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(gateway.url + path, { headers, method });

/** The head of an answer by a plain socket: fetch hides some of it. */
function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname, () => socket.write(request));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}

describe('classify', () => {
  test('answers with the id of the request, its own or the one that was given', async () => {
    const response = await fetch(`${gateway.url}/v1/classify?top=2`, { method: 'POST', body: clock() });
    const body = await response.json();
    expect(parseClassification(body).predictions).toHaveLength(2);
    expect(body).toMatchObject({ id: response.headers.get('x-request-id') });
    const named = await fetch(`${gateway.url}/v1/classify`, {
      method: 'POST',
      body: clock(),
      headers: { 'x-request-id': 'mine-1' },
    });
    expect(await named.json()).toMatchObject({ id: 'mine-1' });
    const line = await gateway.logged(({ request_id: id }) => id === 'mine-1');
    expect(line).toMatchObject({
      event_type: 'prediction',
      code: 'OK',
      model: 'efficientnet-lite0',
      model_version: 1,
      inference_time: expect.any(Number),
      confidence_score: expect.any(Number),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  test('curl as a newcomer types it', () => {
    const file = join(ROOT, 'public/samples/clock.jpg');
    const curl = spawnSync('curl', ['-s', '--data-binary', `@${file}`, `${gateway.url}/v1/classify?top=1`]);
    expect(JSON.parse(curl.stdout.toString())).toMatchObject({ predictions: [{ label: 'analog clock' }] });
  });

  test('an id that could break a log is replaced', async () => {
    const response = await get('/v1/models', { 'x-request-id': 'a b' });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

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

describe('headers', () => {
  test.each(['/', '/service-worker.js', '/nothing', '/v1/models', '/health/live'])(
    'every answer keeps the page isolated and types as they are: %s',
    async (path) => {
      const { headers } = await get(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'permissions-policy': expect.stringContaining('camera=(self)'),
        'content-security-policy': expect.stringContaining('default-src'),
        'x-request-id': expect.any(String),
      });
    },
  );

  test('another site may read the API when it is listed, and never the page', async () => {
    const listed = await get('/v1/models', { origin: ORIGIN });
    expect(listed.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(listed.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(listed.headers.get('vary')).toContain('origin');
    const other = await get('/v1/models', { origin: 'https://evil.example' });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    const own = await get('/', { origin: ORIGIN });
    expect(own.headers.get('access-control-allow-origin')).toBeNull();
    expect(own.headers.get('cross-origin-resource-policy')).toBe('same-origin');
  });

  test('a preflight is answered for listed origins only', async () => {
    const ask = (origin: string) => get('/v1/classify', { origin, 'access-control-request-method': 'POST' }, 'OPTIONS');
    const yes = await ask(ORIGIN);
    expect([yes.status, yes.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, HEAD, POST']);
    expect((await ask('https://evil.example')).status).toBe(405);
  });
});

describe('the page', () => {
  test('is compressed where it was built so, with a policy that allows its own inline scripts', async () => {
    const response = await get('/', { 'accept-encoding': 'br' });
    expect(response.headers.get('content-encoding')).toBe('br');
    expect(response.headers.get('vary')).toContain('accept-encoding');
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toBe(html);
    expect(response.headers.get('cache-control')).toBe('no-cache');
    const hash = createHash('sha256').update('self.x=1').digest('base64');
    expect(response.headers.get('content-security-policy')).toContain(`'sha256-${hash}'`);
    const plain = await get('/', { 'accept-encoding': 'identity' });
    expect(plain.headers.get('content-encoding')).toBeNull();
  });

  test.each([
    ['/_next/static/a.wasm', 'application/wasm', 'public, max-age=31536000, immutable'],
    ['/_next/static/b.mjs', 'application/javascript', 'public, max-age=31536000, immutable'],
    ['/service-worker.js', 'application/javascript', 'no-cache'],
    ['/manifest.webmanifest', 'application/manifest+json', 'no-cache'],
    ['/about', 'text/html', 'no-cache'],
  ])('%s is %s, %s', async (path, type, cache) => {
    const { status, headers } = await get(path);
    expect([status, headers.get('content-type')?.split(';')[0], headers.get('cache-control')]).toEqual([
      200,
      type,
      cache,
    ]);
  });

  test('a missing path is the 404 page for browsers, a problem document for programs', async () => {
    const browser = await get('/nothing', { accept: 'text/html' });
    expect([browser.status, await browser.text()]).toEqual([404, '<p>not here</p>']);
    const program = await get('/nothing', { accept: '*/*' });
    expect(await program.json()).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });
});

describe('what it says of itself', () => {
  test('health, ready and live', async () => {
    expect(await (await get('/health/live')).json()).toEqual({ status: 'live' });
    expect(await (await get('/health/ready')).json()).toEqual({ status: 'ready' });
    expect(await (await get('/health')).json()).toMatchObject({
      status: 'ready',
      models: [{ name: 'efficientnet-lite0', details: [{ version: 1, state: 'available', provider: 'cpu' }] }],
    });
  });

  test('metrics count by codes; what clients invent is no label', async () => {
    await fetch(`${gateway.url}/v1/classify?model=invented`, { method: 'POST', body: clock() });
    await fetch(`${gateway.url}/v1/classify`, { method: 'POST', body: clock() });
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toMatch(/^model_predictions_total\{model="efficientnet-lite0",version="1"\} [1-9]/m);
    expect(text).toMatch(/^twinlens_requests_total\{model="efficientnet-lite0",version="1",code="OK"\} [1-9]/m);
    expect(text).toMatch(/^twinlens_requests_total\{model="",version="",code="MODEL_NOT_FOUND"\} [1-9]/m);
    expect(text).toMatch(/^twinlens_provider_info\{model="efficientnet-lite0",version="1",provider="cpu"\} 1/m);
    expect(text).toMatch(/^twinlens_in_flight_requests\{transport="http"\} 0/m);
    expect(text).not.toContain('invented');
    const names = [...text.matchAll(/^([a-z_]+?)(?:_bucket|_sum|_count)?(?:\{| )/gm)].map(([, name]) => name);
    for (const name of new Set(names)) expect(text, name).toContain(`# HELP ${name} `);
    const promtool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    if (promtool.error) console.log('promtool is not installed: the metrics were not checked by it');
    else expect([promtool.status, promtool.stdout + promtool.stderr]).toEqual([0, '']);
  });

  test('one request is one count, whatever its end', async () => {
    const count = async () => {
      const text = await (await get('/metrics')).text();
      return [...text.matchAll(/^twinlens_requests_total\{.*\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
    };
    const before = await count();
    await fetch(`${gateway.url}/v1/classify`, { method: 'POST', body: clock() });
    await fetch(`${gateway.url}/v1/classify?deadlineMs=1`, { method: 'POST', body: clock() });
    await fetch(`${gateway.url}/v1/classify`, { method: 'POST', body: clock().slice(0, 1000) });
    await fetch(`${gateway.url}/v1/classify`, { method: 'POST', body: 'nothing' });
    expect((await count()) - before).toBe(4);
  });

  test('the OpenAPI document names every path, and every reference in it leads somewhere', async () => {
    const document = (await (await get('/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, unknown>;
      components: { schemas: Record<string, unknown> };
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/v1/classify', '/v1/models', '/v1/models/{name}', '/health/ready', '/metrics']),
    );
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(document.components.schemas).toHaveProperty(name ?? '');
    }
    expect(text).toContain('UNDECODABLE_IMAGE');
  });
});

describe('without a page', () => {
  test('/ says in plain text what to run', async () => {
    const bare = await startGateway({ env: { TWINLENS_PAGE: join(page, 'missing') }, ready: false });
    const response = await fetch(bare.url);
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'text/plain; charset=utf-8']);
    expect(await response.text()).toContain('npm run build');
    await bare.stop();
  });
});
