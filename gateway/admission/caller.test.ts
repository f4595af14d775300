import { describe, expect, test } from 'vitest';
import { inNetworks, parseNetwork } from '../networks.ts';
import { callerOf } from './caller.ts';

const trusted = inNetworks(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);
const ask = (peer: string, forwarded?: string, more: Record<string, string> = {}) =>
  callerOf(
    { peer, encrypted: false, headers: { ...(forwarded ? { 'x-forwarded-for': forwarded } : {}), ...more } },
    trusted,
  );

describe('a peer that is not trusted', () => {
  test('is the client, whatever it writes into forwarding headers', () => {
    const caller = ask('203.0.113.9', '127.0.0.1', { 'x-forwarded-proto': 'https' });
    expect(caller).toEqual({ address: '203.0.113.9', proxied: false, secure: false });
  });

  test('counts over IPv6 sockets as the IPv4 address that it is', () => {
    expect(ask('::ffff:203.0.113.9').address).toBe('203.0.113.9');
  });
});

describe('a trusted proxy', () => {
  test.each<[string, string | undefined, string]>([
    ['names the client', '203.0.113.9', '203.0.113.9'],
    ['is followed back to the first that is not trusted', '198.51.100.1, 203.0.113.9, 10.1.2.3', '203.0.113.9'],
    ['may write ports', '203.0.113.9:51234', '203.0.113.9'],
    ['may write IPv6 in brackets', '[2001:db8::1]:51234', '2001:db8::1'],
    ['may write mapped addresses', '::ffff:203.0.113.9', '203.0.113.9'],
    ['that names only trusted ones gives the farthest', '10.9.9.9, 10.1.2.3', '10.9.9.9'],
    ['that names nothing is the client itself', undefined, '127.0.0.1'],
    ['is not followed beyond what is no address', '203.0.113.9, unknown', '127.0.0.1'],
  ])('%s', (_rule, forwarded, address) => {
    expect(ask('127.0.0.1', forwarded)).toEqual({ address, proxied: true, secure: false });
  });

  test('tells whether the client’s connection is encrypted; only its own word counts', () => {
    expect(ask('fd00::1', '203.0.113.9', { 'x-forwarded-proto': 'https' }).secure).toBe(true);
    expect(ask('fd00::1', '203.0.113.9', { 'x-forwarded-proto': 'https, http' }).secure).toBe(false);
  });
});

test('networks are addresses and prefixes of both families', () => {
  for (const text of ['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', 'fd00::/8'])
    expect(parseNetwork(text)).toBeDefined();
  for (const text of ['', 'x', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '10.0.0', 'fe80::1%eth0']) {
    expect(parseNetwork(text), text).toBeUndefined();
  }
  expect(['10.255.0.1', '127.0.0.1', 'fd12::9'].every(trusted)).toBe(true);
  expect(['11.0.0.1', '127.0.0.2', 'fe80::1%eth0', '', 'x'].some(trusted)).toBe(false);
});
