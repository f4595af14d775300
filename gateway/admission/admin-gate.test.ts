import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { AdminGate } from './admin-gate.ts';
import type { Caller } from './caller.ts';
import { Lockout } from './lockout.ts';
import { isLoopbackAddress, isLoopbackHost } from './loopback.ts';
import { networkOf } from './network.ts';
import { TokenBook } from './token-book.ts';

const TOKEN = 'correct-horse-battery';

const direct = (address: string): Caller => ({ address, proxied: false, secure: false });

function gateWith(token?: string) {
  let time = 0;
  const lines: unknown[] = [];
  const log = {
    warn: (...line: unknown[]) => {
      lines.push(line);
    },
  };
  const tokens = token === undefined ? undefined : new TokenBook([{ name: 'admin', token }]);
  const gate = new AdminGate({ tokens, now: () => time, log });
  const ask = (headers: IncomingHttpHeaders = {}, method = 'GET', address: string | Caller = '127.0.0.1') => {
    const caller = typeof address === 'string' ? direct(address) : address;
    try {
      gate.check({ method, headers: { host: 'localhost:8080', ...headers }, caller });
      return 'OK';
    } catch (error) {
      if (error instanceof TwinlensError) return error.code;
      throw error;
    }
  };
  return {
    gate,
    tokens,
    ask,
    lines,
    pass: (ms: number) => {
      time += ms;
    },
  };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('with a token', () => {
  test('its bearer comes in from anywhere; nobody else does', () => {
    const { gate, ask } = gateWith(TOKEN);
    expect(gate.access).toBe('token');
    expect(ask(bearer(TOKEN), 'GET', '203.0.113.9')).toBe('OK');
    expect(ask({ authorization: `bearer  ${TOKEN}` })).toBe('OK');
    for (const headers of [{}, bearer('wrong'), bearer(`${TOKEN}x`), { authorization: `Basic ${TOKEN}` }, bearer('')]) {
      expect(ask(headers), JSON.stringify(headers)).toBe('UNAUTHENTICATED');
    }
  });

  test('ten wrong ones within five minutes lock the address out for five, the right one too', () => {
    const { ask, pass } = gateWith(TOKEN);
    for (let i = 0; i < 10; i += 1) expect(ask(bearer('wrong'))).toBe('UNAUTHENTICATED');
    expect(ask(bearer(TOKEN))).toBe('RATE_LIMITED');
    expect(ask(bearer(TOKEN), 'GET', '127.0.0.2'), 'another address').toBe('OK');
    pass(299_999);
    expect(ask(bearer(TOKEN))).toBe('RATE_LIMITED');
    pass(1);
    expect(ask(bearer(TOKEN))).toBe('OK');
    expect(ask(bearer('wrong')), 'it begins at zero').toBe('UNAUTHENTICATED');
  });

  test('an address is one, over IPv4 and mapped into IPv6', () => {
    const { ask } = gateWith(TOKEN);
    for (let i = 0; i < 10; i += 1) ask(bearer('wrong'), 'GET', '::ffff:203.0.113.9');
    expect(ask(bearer(TOKEN), 'GET', '203.0.113.9')).toBe('RATE_LIMITED');
  });

  test('over IPv6 the network of 64 bits is locked out: its addresses are all of one machine', () => {
    const { ask } = gateWith(TOKEN);
    for (let i = 0; i < 10; i += 1) ask(bearer('wrong'), 'GET', `2001:db8:0:7::${i.toString(16)}`);
    expect(ask(bearer(TOKEN), 'GET', '2001:db8:0:7:ffff:1:2:3')).toBe('RATE_LIMITED');
    expect(ask(bearer(TOKEN), 'GET', '2001:db8:0:8::1'), 'the network beside it').toBe('OK');
    expect(ask(bearer(TOKEN), 'GET', '127.0.0.1')).toBe('OK');
  });

  test('a token that takes the place of another counts at once, the other no more', () => {
    const { ask, tokens } = gateWith(TOKEN);
    tokens?.replace([{ name: 'admin', token: 'another-long-secret' }]);
    expect([ask(bearer(TOKEN)), ask(bearer('another-long-secret'))]).toEqual(['UNAUTHENTICATED', 'OK']);
  });

  test('wrong ones that are older than five minutes do not count, missing ones never', () => {
    const { ask, pass } = gateWith(TOKEN);
    for (let i = 0; i < 9; i += 1) ask(bearer('wrong'));
    pass(300_000);
    ask(bearer('wrong'));
    for (let i = 0; i < 20; i += 1) ask({});
    expect(ask(bearer(TOKEN))).toBe('OK');
  });

  test('failures are logged with their address and without the secret', () => {
    const { ask, lines } = gateWith(TOKEN);
    ask(bearer('guess-number-1'), 'GET', '203.0.113.9');
    expect(JSON.stringify(lines)).toContain('203.0.113.9');
    expect(JSON.stringify(lines)).not.toContain('guess-number-1');
  });

  test('the answer of a lock-out says when it ends', () => {
    const { gate, ask, pass } = gateWith(TOKEN);
    for (let i = 0; i < 10; i += 1) ask(bearer('wrong'));
    pass(1000);
    const asked = () => gate.check({ method: 'GET', headers: {}, caller: direct('127.0.0.1') });
    expect(asked).toThrow(expect.objectContaining({ code: 'RATE_LIMITED', retryAfterMs: 299_000 }));
  });
});

describe('without a token', () => {
  const change = { 'x-twinlens-admin': '1' };

  test('this machine comes in', () => {
    const { gate, ask } = gateWith();
    expect(gate.access).toBe('loopback');
    for (const address of ['127.0.0.1', '127.8.9.10', '::1']) {
      expect(ask({}, 'GET', address), address).toBe('OK');
    }
    for (const host of ['localhost', '127.0.0.1:8080', '[::1]:8080', 'LOCALHOST:1']) {
      expect(ask({ host }), host).toBe('OK');
    }
  });

  test.each<[string, IncomingHttpHeaders, string]>([
    ['another machine', {}, '192.168.1.7'],
    ['another machine over IPv6', {}, 'fe80::1'],
    ['an unknown peer', {}, ''],
    ['a name that was made to resolve to loopback', { host: 'evil.example:8080' }, '127.0.0.1'],
    ['a name that begins like loopback', { host: '127.0.0.1.evil.example' }, '127.0.0.1'],
    ['a user in front of the name', { host: 'localhost@evil.example' }, '127.0.0.1'],
    ['a proxy (X-Forwarded-For)', { 'x-forwarded-for': '203.0.113.9' }, '127.0.0.1'],
    ['a proxy (X-Forwarded-Proto)', { 'x-forwarded-proto': 'https' }, '127.0.0.1'],
    ['a proxy (Forwarded)', { forwarded: 'for=203.0.113.9' }, '127.0.0.1'],
    ['a proxy (Via)', { via: '1.1 proxy' }, '127.0.0.1'],
  ])('%s is refused, and told how to configure a token', (_name, headers, address) => {
    const { gate, ask } = gateWith();
    expect(ask(headers, 'GET', address)).toBe('PERMISSION_DENIED');
    const asked = () =>
      gate.check({ method: 'GET', headers: { host: 'localhost', ...headers }, caller: direct(address) });
    expect(asked).toThrow('TWINLENS_ADMIN_TOKEN');
  });

  test('a trusted proxy is not this machine, whoever it names', () => {
    const { ask } = gateWith();
    for (const address of ['127.0.0.1', '203.0.113.9']) {
      expect(ask({}, 'GET', { address, proxied: true, secure: false })).toBe('PERMISSION_DENIED');
    }
  });

  test('a change needs the header that no other site can send', () => {
    const { ask } = gateWith();
    expect(ask({}, 'POST')).toBe('PERMISSION_DENIED');
    expect(ask({ 'x-twinlens-admin': '0' }, 'DELETE')).toBe('PERMISSION_DENIED');
    for (const method of ['POST', 'PUT', 'DELETE']) expect(ask(change, method), method).toBe('OK');
  });
});

describe.each<[string, string | undefined, IncomingHttpHeaders]>([
  ['with a token', TOKEN, bearer(TOKEN)],
  ['without a token', undefined, { 'x-twinlens-admin': '1' }],
])('%s', (_name, token, right) => {
  test.each<[string, IncomingHttpHeaders, string]>([
    ['its own page', { origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' }, 'OK'],
    ['an address typed in', { 'sec-fetch-site': 'none' }, 'OK'],
    ['another site', { origin: 'https://evil.example' }, 'PERMISSION_DENIED'],
    ['another port', { origin: 'http://localhost:3000' }, 'PERMISSION_DENIED'],
    ['a sandboxed frame', { origin: 'null' }, 'PERMISSION_DENIED'],
    ['a cross-site fetch without Origin', { 'sec-fetch-site': 'cross-site' }, 'PERMISSION_DENIED'],
    ['a neighbouring site', { 'sec-fetch-site': 'same-site' }, 'PERMISSION_DENIED'],
  ])('%s', (_site, headers, expected) => {
    const { ask } = gateWith(token);
    expect(ask({ ...right, ...headers })).toBe(expected);
    expect(ask({ ...right, ...headers }, 'POST')).toBe(expected);
  });

  test.each<[string, IncomingHttpHeaders, string]>([
    ['JSON', { 'content-type': 'application/json; charset=utf-8', 'content-length': '2' }, 'OK'],
    ['bytes', { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' }, 'OK'],
    ['no body', { 'content-length': '0' }, 'OK'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '2' }, 'UNSUPPORTED_MEDIA'],
    ['text, as a simple fetch sends it', { 'content-type': 'text/plain', 'content-length': '2' }, 'UNSUPPORTED_MEDIA'],
    ['a body without type', { 'content-length': '2' }, 'UNSUPPORTED_MEDIA'],
    ['a chunked body without type', { 'transfer-encoding': 'chunked' }, 'UNSUPPORTED_MEDIA'],
  ])('a change as %s', (_body, headers, expected) => {
    expect(gateWith(token).ask({ ...right, ...headers }, 'POST')).toBe(expected);
  });
});

test('the table of addresses is bounded; the one that was heard of longest ago is forgotten', () => {
  const lockout = new Lockout({ now: () => 0, failures: 1, windowMs: 10, lockMs: 10, maxAddresses: 3 });
  for (const address of ['a', 'b', 'a', 'c', 'd']) lockout.fail(address);
  expect(lockout.size).toBe(3);
  expect(['a', 'b', 'c', 'd'].map((address) => lockout.remainingMs(address))).toEqual([10, 0, 10, 10]);
});

test('loopback is told by what an address or name means', () => {
  expect(['127.0.0.1', '127.255.0.9', '::1'].every(isLoopbackAddress)).toBe(true);
  expect(['128.0.0.1', '::2', '127.evil', '10.0.0.1', '0.0.0.0'].some(isLoopbackAddress)).toBe(false);
  expect(['127.1', '0x7f.0.0.1:80'].every(isLoopbackHost)).toBe(true);
  expect([undefined, '', 'localhost.evil', '0.0.0.0', 'a b', 'localhost/x', '[::2]'].some(isLoopbackHost)).toBe(false);
});

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:3:4:5::', '2001:db8:1:2::/64'],
  ['1::2:3:4:5:6', '1:0:0:2::/64'],
  ['64:ff9b::203.0.113.9', '64:ff9b:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64%eth0'],
  ['', ''],
])('failures of %j are counted for %j', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
