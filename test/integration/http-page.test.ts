/** The page over real HTTP, with the headers of every answer. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startGateway } from '../support/gateway-process.ts';
import { html, ORIGIN, served } from '../support/served.ts';
import { temporaryFolders } from '../support/temporary.ts';

const { get } = served();
const fresh = temporaryFolders();

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

describe('without a page', () => {
  test('/ says in plain text what to run', async () => {
    const bare = await startGateway({ env: { TWINLENS_PAGE: join(fresh(), 'missing') }, ready: false });
    const response = await fetch(bare.url);
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'text/plain; charset=utf-8']);
    expect(await response.text()).toContain('npm run build');
    await bare.stop();
  });
});
