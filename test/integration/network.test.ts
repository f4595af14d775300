/** Proxies, rates, TLS and deadlines, over real connections to the real gateway. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { makeCertificate, replaceCertificate } from '../support/certificates.ts';
import { clock, fixture } from '../support/fixtures.ts';
import { type GatewayProcess, runGateway, startGateway } from '../support/gateway-process.ts';
import { StreamClient } from '../support/stream-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'twinlens-network-'));
afterAll(() => rmSync(folder, { recursive: true }));

const png = { image: { encoding: 'png' } } as const;
const pixel = fixture('one-pixel.png');
const admin = { 'x-twinlens-admin': '1' };

async function statusOf(of: GatewayProcess, path: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(of.url + path, { headers });
  await response.arrayBuffer();
  return response.status;
}

/** Also by a name of its own, which fetch can't be told, and whoever signed the certificate. */
function get(
  of: GatewayProcess,
  path: string,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number | undefined; readonly hsts: string | undefined }> {
  const url = new URL(path, of.url);
  const ask = url.protocol === 'https:' ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    ask(url, { headers, rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      const { statusCode: status, headers: answered } = response;
      response.on('end', () => resolve({ status, hsts: answered['strict-transport-security'] }));
    })
      .on('error', reject)
      .end();
  });
}

async function metric(of: GatewayProcess, name: string): Promise<number> {
  const text = await (await fetch(`${of.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
}

describe('a reverse proxy', () => {
  test('that nobody trusts changes nothing: its words are ignored, and what comes through it is not local', async () => {
    const gateway = await startGateway({
      env: { TWINLENS_RATE_PER_SECOND: '1', TWINLENS_RATE_BURST: '2' },
      ready: false,
    });
    expect(await statusOf(gateway, '/v1/admin/session', admin)).toBe(204);
    for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'x-real-ip', 'forwarded', 'via']) {
      expect(await statusOf(gateway, '/v1/admin/session', { ...admin, [name]: '127.0.0.1' }), name).toBe(403);
    }
    // Whoever invents addresses still has one bucket.
    const invented = (i: number) => statusOf(gateway, '/v1/models', { 'x-forwarded-for': `203.0.113.${i}` });
    expect(await Promise.all(Array.from({ length: 9 }, (_, i) => invented(i)))).toContain(429);
    const headers = { host: 'twinlens.example', 'x-forwarded-proto': 'https' };
    expect(await get(gateway, '/', headers)).toMatchObject({ hsts: undefined });
    await gateway.stop();
  });

  test('that is trusted names the client, for rates and the log; it never counts as this machine', async () => {
    const gateway = await startGateway({
      env: {
        TWINLENS_TRUSTED_PROXIES: '127.0.0.1, ::1, 10.0.0.0/8',
        TWINLENS_RATE_PER_SECOND: '1',
        TWINLENS_RATE_BURST: '1',
        TWINLENS_LOG_LEVEL: 'debug',
      },
      ready: false,
    });
    expect(await statusOf(gateway, '/v1/admin/session', admin), 'also without a header').toBe(403);
    expect(await statusOf(gateway, '/v1/admin/session', { ...admin, 'x-forwarded-for': '127.0.0.1' })).toBe(403);
    const from = (...addresses: string[]) =>
      Promise.all(addresses.map((address) => statusOf(gateway, '/v1/models', { 'x-forwarded-for': address })));
    expect(await from('203.0.113.1, 10.1.1.1', '203.0.113.2', '203.0.113.3', '2001:db8:0:1::1')).toEqual([
      200, 200, 200, 200,
    ]);
    const invented = Array.from({ length: 9 }, (_, i) => `198.51.100.${i}, 203.0.113.4`);
    expect(await from(...invented), 'what the client itself wrote is not followed').toContain(429);
    const neighbours = Array.from({ length: 9 }, (_, i) => `2001:db8:0:2::${i}`);
    expect(await from(...neighbours), 'a network of 64 bits is one client').toContain(429);
    const line = await gateway.logged(({ address }) => address === '127.0.0.1');
    expect(line).toMatchObject({ event_type: 'admin', status: 403 });
    const headers = { host: 'twinlens.example', 'x-forwarded-proto': 'https' };
    expect(await get(gateway, '/', headers)).toMatchObject({ hsts: 'max-age=31536000' });
    expect(await get(gateway, '/', { ...headers, 'x-forwarded-proto': 'http' })).toMatchObject({ hsts: undefined });
    await gateway.stop();
  });
});

describe('a rate', () => {
  test('limits requests and messages of a client together, says when to come back, and counts', async () => {
    const gateway = await startGateway({
      env: { TWINLENS_RATE_PER_SECOND: '1', TWINLENS_RATE_BURST: '5', TWINLENS_INSTANCES: '1' },
    });
    const client = await StreamClient.open(gateway.streamUrl);
    const ids = Array.from({ length: 8 }, (_, i) => `r${i}`);
    for (const id of ids) client.classify(id, pixel, png);
    const codes: string[] = [];
    for (const id of ids) {
      const answer = await client.answer(id);
      codes.push(answer.type === 'result' ? 'OK' : answer.code);
      if (answer.type === 'error') expect(answer).toMatchObject({ retryable: true, retryAfterMs: expect.any(Number) });
    }
    // The handshake was the first of five.
    expect(codes.filter((code) => code === 'OK').length).toBeGreaterThanOrEqual(4);
    expect(codes.filter((code) => code === 'RATE_LIMITED').length).toBeGreaterThanOrEqual(2);
    for (const id of ids) expect(client.answers(id), id).toHaveLength(1);
    // Several at once: while they come the bucket gains next to nothing.
    const post = () => fetch(`${gateway.url}/v1/classify`, { method: 'POST', body: clock() });
    const answers = await Promise.all(Array.from({ length: 9 }, post));
    const limited = answers.find(({ status }) => status === 429);
    expect(limited?.headers.get('retry-after')).toBe('1');
    expect(await limited?.json()).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) });
    const dials = await Promise.allSettled(Array.from({ length: 9 }, () => StreamClient.refused(gateway.streamUrl)));
    expect(dials.some((dialled) => dialled.status === 'fulfilled' && dialled.value.status === 429)).toBe(true);
    expect(await statusOf(gateway, '/health/ready'), 'probes are not limited').toBe(200);
    expect(await metric(gateway, 'twinlens_rate_limited_total')).toBeGreaterThanOrEqual(4);
    client.close();
    await gateway.stop();
  });
});

describe('deadlines', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway({ env: { TWINLENS_REQUEST_MS: '1200', TWINLENS_INSTANCES: '1' } });
  });
  afterAll(async () => {
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  });

  const dial = () => {
    const { hostname, port } = new URL(gateway.url);
    return connect(Number(port), hostname);
  };

  test.each<[string, string]>([
    ['says nothing', ''],
    ['sends the head of its request a byte at a time', 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
    [
      'sends its body a byte at a time',
      'POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n',
    ],
    ['asks for an upgrade and never ends', 'GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nX: '],
  ])('a connection that %s is ended', async (_how, start) => {
    expect(await ended(dial(), start)).toMatch(/^(?:HTTP\/1\.1 (?:408|504) .*|)$/s);
  });

  test('a WebSocket message that trickles in is ended, however alive its connection is; others are not', async () => {
    const other = await StreamClient.open(gateway.streamUrl);
    const client = await StreamClient.open(gateway.streamUrl);
    // A fragment that is no last one, then control frames and a byte of another fragment now and then.
    client.socket.send(pixel, { fin: false });
    const timer = setInterval(() => {
      client.socket.ping();
      client.socket.send(new Uint8Array(1), { fin: false });
    }, 100);
    expect(await client.closed).toMatchObject({ code: 4400, reason: expect.stringContaining('1200 ms') });
    clearInterval(timer);
    await other.roundTrip();
    other.close();
  });

  test('a frame whose rest never comes is ended too', async () => {
    const socket = dial();
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    const head = [
      ...['GET /v1/stream HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket'],
      ...['Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Protocol: twinlens.v1', '', ''],
    ];
    socket.write(head.join('\r\n'));
    await new Promise((resolve) => socket.once('data', resolve));
    // A binary frame of 16 MiB, masked, of which one byte comes.
    const answer = await ended(socket, Buffer.from([0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 0]), {
      trickle: false,
    });
    expect(answer).toContain('1200 ms');
  });

  test('a connection that is open for long and quiet stays', async () => {
    const client = await StreamClient.open(gateway.streamUrl);
    const slow = await StreamClient.open(gateway.streamUrl);
    slow.socket.send(pixel, { fin: false });
    await slow.closed;
    await client.roundTrip();
    client.close();
  });
});

describe('TLS', () => {
  const used = makeCertificate(folder, 'first');
  const next = makeCertificate(folder, 'second');
  const third = makeCertificate(folder, 'third');
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway({
      env: {
        TWINLENS_TLS_CERT_FILE: used.cert,
        TWINLENS_TLS_KEY_FILE: used.key,
        TWINLENS_REQUEST_MS: '1200',
        TWINLENS_INSTANCES: '1',
      },
    });
  });
  afterAll(async () => {
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
    expect(gateway.errors).toBe('');
  });

  const port = () => Number(new URL(gateway.url).port);

  /** The certificate that the gateway shows to a new connection. */
  const shown = (options: object = {}): Promise<PeerCertificate> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({ port: port(), host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => {
        resolve(socket.getPeerCertificate());
        socket.end();
      });
      socket.on('error', reject);
    });

  test('serves https and wss on the one port, and tells browsers to come by no other', async () => {
    expect(gateway.url).toMatch(/^https:/);
    const named = { host: 'twinlens.example' };
    expect(await get(gateway, '/health/ready', named)).toEqual({ status: 200, hsts: 'max-age=31536000' });
    // For localhost it would count for everything else that this machine serves there.
    expect(await get(gateway, '/health/ready', { host: 'localhost' })).toEqual({ status: 200, hsts: undefined });
    const socket = new WebSocket(gateway.streamUrl, ['twinlens.v1'], { rejectUnauthorized: false });
    const welcome = await new Promise((resolve, reject) => {
      socket.on('message', (data: Buffer) => resolve(JSON.parse(data.toString())));
      socket.on('error', reject);
    });
    expect(welcome).toMatchObject({ type: 'welcome' });
    socket.close();
  });

  test('refuses what is older than TLS 1.2, and plain HTTP', async () => {
    await expect(shown({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' })).rejects.toThrow();
    await shown({ maxVersion: 'TLSv1.2' });
    const plain = connect(port(), '127.0.0.1');
    expect(await ended(plain, 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n', { trickle: false })).not.toContain(
      '200',
    );
  });

  test.each<[string, string, boolean]>([
    ['says nothing', '', false],
    ['sends a handshake a byte at a time', '\x16\x03\x01\x02\x00\x01', true],
  ])('a connection that %s is ended', async (_how, start, trickle) => {
    await ended(connect(port(), '127.0.0.1'), Buffer.from(start, 'latin1'), { trickle });
    expect((await get(gateway, '/health/live')).status).toBe(200);
  });

  test('another certificate counts without a restart; half of one, or none, changes nothing', async () => {
    expect((await shown()).subject.CN).toBe('first');
    writeFileSync(used.cert, 'not a certificate');
    await gateway.logged((line) => line.event_type === 'secret_unusable');
    expect((await shown()).subject.CN).toBe('first');
    replaceCertificate({ ...used, key: join(folder, 'aside') }, next);
    await gateway.logged((line) => String(line.msg).includes('does not belong'));
    expect((await shown()).subject.CN).toBe('first');
    replaceCertificate(used, next);
    await gateway.logged((line) => line.event_type === 'secret_changed' && line.what === 'certificate');
    expect((await shown()).subject.CN).toBe('second');
  });

  test.each<[string, Record<string, string>, string]>([
    ['one file', { TWINLENS_TLS_CERT_FILE: next.cert }, 'set both or none'],
    ['a file that is not there', { TWINLENS_TLS_CERT_FILE: 'nothing.pem', TWINLENS_TLS_KEY_FILE: next.key }, 'ENOENT'],
    ['a key as the certificate', { TWINLENS_TLS_CERT_FILE: next.key, TWINLENS_TLS_KEY_FILE: next.key }, 'not PEM'],
    ['the key of another', { TWINLENS_TLS_CERT_FILE: next.cert, TWINLENS_TLS_KEY_FILE: third.key }, 'does not belong'],
  ])('%s stops the start with the names of the settings', async (_what, env, why) => {
    const { code, stderr } = await runGateway(env);
    expect([code, stderr]).toEqual([1, expect.stringContaining(why)]);
    expect(stderr).toContain('TWINLENS_TLS_');
    expect(stderr).not.toContain('PRIVATE KEY-');
  });
});

const END_MS = 15_000;

/** Sends `start`, then a byte now and then, until the other side ends; resolves with what it said. */
function ended(socket: Socket, start: string | Uint8Array, { trickle = true } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const byte = setInterval(() => {
      if (trickle && start.length > 0 && socket.writable) socket.write('x');
    }, 100);
    const late = setTimeout(() => socket.destroy(new Error(`still open after ${END_MS} ms: ${text}`)), END_MS);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    let failure: Error | undefined;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // To write to who has gone is the way it ends.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') failure = error;
    });
    socket.on('close', () => {
      clearInterval(byte);
      clearTimeout(late);
      if (failure) reject(failure);
      else resolve(text);
    });
    if (start.length > 0) socket.write(start);
  });
}
