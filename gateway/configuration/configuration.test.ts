import { describe, expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { parseConfiguration } from './configuration.ts';

function mistakesOf(environment: Record<string, string>): string {
  try {
    parseConfiguration(environment);
  } catch (error) {
    if (error instanceof TwinlensError) return error.message;
    throw error;
  }
  return '';
}

describe('configuration', () => {
  test('an empty environment gives the defaults', () => {
    expect(parseConfiguration({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      page: 'out',
      origins: [],
      pingMs: 30_000,
    });
  });

  test('an empty TWINLENS_PAGE switches the page off, an absent one does not', () => {
    expect(parseConfiguration({ TWINLENS_PAGE: '' }).page).toBeUndefined();
    expect(parseConfiguration({ TWINLENS_PAGE: 'site' }).page).toBe('site');
  });

  test('every mistake is told at once, each with its name', () => {
    const text = mistakesOf({
      TWINLENS_PORT: 'eighty',
      TWINLENS_MAX_BYTES: '-1',
      TWINLENS_PROVIDER: 'tpu',
      TWINLENS_ORIGINS: 'example.com',
      TWINLENS_PROT: '1',
    });
    for (const name of ['PORT', 'MAX_BYTES', 'PROVIDER', 'ORIGINS', 'PROT']) expect(text).toContain(`TWINLENS_${name}`);
    expect(text.trim().split('\n')).toHaveLength(6);
  });

  test.each(['0x50', '1e3', ' 80', '8080.5', '65536'])('a port must be a plain whole number in range: %s', (port) => {
    expect(mistakesOf({ TWINLENS_PORT: port })).toContain('TWINLENS_PORT');
  });

  test('variables of others are left alone', () => {
    expect(() => parseConfiguration({ PATH: '/bin', PORT: 'x' })).not.toThrow();
  });

  test('pictures held together have room for one of the largest', () => {
    expect(mistakesOf({ TWINLENS_MAX_HELD_BYTES: '2048', TWINLENS_MAX_BYTES: '4096' })).toContain('MAX_HELD_BYTES');
  });

  test('providers are tried in the order given; only who gives one minds which of them runs', () => {
    const read = (text: string) => {
      const { providers, wantedProvider } = parseConfiguration({ TWINLENS_PROVIDER: text });
      return [wantedProvider, ...providers];
    };
    expect(read('')).toEqual([undefined, 'cuda', 'cpu']);
    expect(read('auto')).toEqual([undefined, 'cuda', 'cpu']);
    expect(read('tensorrt, cuda,cpu')).toEqual(['tensorrt', 'tensorrt', 'cuda', 'cpu']);
    expect(read('cpu')).toEqual(['cpu', 'cpu']);
    for (const wrong of ['auto,cpu', 'cpu,cpu', ',', 'cpu,wasm']) {
      expect(mistakesOf({ TWINLENS_PROVIDER: wrong }), wrong).toContain('TWINLENS_PROVIDER: must');
    }
  });

  test('fallbacks are one a model and never come back to it', () => {
    expect(parseConfiguration({ TWINLENS_FALLBACKS: 'a=b, b=c' }).fallbacks).toEqual(
      new Map([
        ['a', 'b'],
        ['b', 'c'],
      ]),
    );
    expect(parseConfiguration({}).fallbacks.size).toBe(0);
    expect(mistakesOf({ TWINLENS_FALLBACKS: 'a=b,a=c' })).toContain('TWINLENS_FALLBACKS: must name one fallback for a');
    expect(mistakesOf({ TWINLENS_FALLBACKS: 'a=b,b=c,c=b' })).toContain('TWINLENS_FALLBACKS: must not come back');
    expect(mistakesOf({ TWINLENS_FALLBACKS: 'a=a' })).toContain('stand in for itself');
    expect(mistakesOf({ TWINLENS_FALLBACKS: 'a=b@1' })).toContain('such as primary=fallback');
  });

  test('origins are origins', () => {
    expect(parseConfiguration({ TWINLENS_ORIGINS: 'https://a.example, http://localhost:3000' }).origins).toEqual([
      'https://a.example',
      'http://localhost:3000',
    ]);
    expect(parseConfiguration({ TWINLENS_ORIGINS: '*' }).origins).toEqual(['*']);
    expect(mistakesOf({ TWINLENS_ORIGINS: 'https://a.example/' })).toContain('without a path');
  });

  test('a certificate needs its key, and a key its certificate', () => {
    const [cert, key] = ['/tls/cert.pem', '/tls/key.pem'];
    const both = { TWINLENS_TLS_CERT_FILE: cert, TWINLENS_TLS_KEY_FILE: key };
    expect([parseConfiguration({}).tls, parseConfiguration(both).tls]).toEqual([undefined, { cert, key }]);
    expect(mistakesOf({ TWINLENS_TLS_CERT_FILE: cert })).toContain('set both or none');
    expect(mistakesOf({ TWINLENS_TLS_KEY_FILE: key })).toContain('set both or none');
  });

  test('a rate of 0 is none, and proxies are addresses or networks', () => {
    expect(parseConfiguration({ TWINLENS_RATE_BURST: '9' }).rate).toBeUndefined();
    expect(parseConfiguration({ TWINLENS_RATE_PER_SECOND: '5' }).rate).toEqual({ perSecond: 5, burst: 50 });
    expect(parseConfiguration({ TWINLENS_TRUSTED_PROXIES: '::1, 10.0.0.0/8' }).trustedProxies).toHaveLength(2);
    expect(mistakesOf({ TWINLENS_TRUSTED_PROXIES: 'proxy.example' })).toContain('TWINLENS_TRUSTED_PROXIES');
  });
});
