import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { tokenProtocol } from '../../core/token-protocol.ts';
import type { Rate } from './bucket.ts';
import { ClientGate } from './client-gate.ts';
import { TokenBook } from './token-book.ts';

const ANNA = 'anna-has-a-long-secret';
const ADMIN = 'the-operators-own-secret';
const BEN = 'ben-has-a-longer-secret';

function gateWith(names: Readonly<Record<string, string>> | undefined, rate?: Rate) {
  let time = 0;
  let limited = 0;
  const lines: unknown[] = [];
  const entries = (of: Readonly<Record<string, string>>) =>
    Object.entries(of).map(([name, token]) => ({ name, token }));
  const tokens = names && new TokenBook(entries(names));
  const gate = new ClientGate({
    tokens,
    operators: new TokenBook([{ name: 'admin', token: ADMIN }]),
    rate,
    now: () => time,
    log: { warn: (...line: unknown[]) => void lines.push(line) },
    limited: () => {
      limited += 1;
    },
  });
  const ask = (headers: IncomingHttpHeaders, address = '203.0.113.9', way: 'http' | 'socket' = 'http') => {
    const caller = { address, proxied: false, secure: false };
    try {
      const client = way === 'http' ? gate.identify(caller, headers) : gate.identifyHandshake(caller, headers);
      gate.charge(client);
      return client.name ?? client.key;
    } catch (error) {
      if (error instanceof TwinlensError) return error.code;
      throw error;
    }
  };
  return {
    gate,
    ask,
    lines,
    limited: () => limited,
    replace: (of: Readonly<Record<string, string>>) => tokens?.replace(entries(of)),
    pass: (ms: number) => {
      time += ms;
    },
  };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const offering = (token: string) => ({ 'sec-websocket-protocol': `twinlens.v1, ${tokenProtocol(token)}` });

describe('without tokens', () => {
  test('everybody comes in, told apart by address', () => {
    const { gate, ask } = gateWith(undefined);
    expect(gate.access).toBe('open');
    expect(ask({})).toBe('address 203.0.113.9');
    expect(ask(bearer('anything'), '2001:db8::1')).toBe(ask({}, '2001:db8::2'));
  });
});

describe('with tokens', () => {
  test('their bearers come in under their names, nobody else', () => {
    const { ask } = gateWith({ anna: ANNA, ben: BEN });
    expect([ask(bearer(ANNA)), ask(bearer(BEN))]).toEqual(['anna', 'ben']);
    for (const headers of [{}, bearer('wrong'), bearer(`${ANNA}x`), { authorization: `Basic ${ANNA}` }]) {
      expect(ask(headers), JSON.stringify(headers)).toBe('UNAUTHENTICATED');
    }
  });

  test('a handshake may carry it among the subprotocols, another request may not', () => {
    const { ask } = gateWith({ anna: ANNA });
    expect(ask(offering(ANNA), undefined, 'socket')).toBe('anna');
    expect(ask(bearer(ANNA), undefined, 'socket')).toBe('anna');
    expect(ask(offering('wrong'), undefined, 'socket')).toBe('UNAUTHENTICATED');
    expect(ask(offering(ANNA))).toBe('UNAUTHENTICATED');
  });

  test('who guesses is told to stop; the right token comes in from the same address all the same', () => {
    const { ask, lines, pass } = gateWith({ anna: ANNA });
    for (let i = 0; i < 10; i += 1) expect(ask(bearer(`guess-${i}`))).toBe('UNAUTHENTICATED');
    for (let i = 0; i < 100; i += 1) expect(ask(bearer(`guess-${i}`))).toBe('RATE_LIMITED');
    expect(ask(bearer(ANNA))).toBe('anna');
    expect(lines).toHaveLength(10);
    expect(JSON.stringify(lines)).toContain('client_locked_out');
    expect(JSON.stringify(lines)).not.toContain('guess');
    pass(60_000);
    expect(ask(bearer('guess'))).toBe('UNAUTHENTICATED');
  });

  test('an operator comes in too, but nobody can guess that token here', () => {
    const { ask } = gateWith({ anna: ANNA });
    expect(ask(bearer(ADMIN))).toBe('admin');
    for (let i = 0; i < 10; i += 1) ask(bearer(`guess-${i}`));
    expect(ask(bearer(ADMIN))).toBe('RATE_LIMITED');
    expect(ask(bearer(ADMIN), '198.51.100.7')).toBe('admin');
  });

  test('a client is valid as long as its own token counts, also beside another one of the same name', () => {
    const { gate, replace } = gateWith({ anna: ANNA });
    const client = gate.identify({ address: '::1', proxied: false, secure: false }, bearer(ANNA));
    let told = 0;
    gate.onChange(() => {
      told += 1;
    });
    replace({ ben: BEN, anna: ANNA });
    expect([client.valid(), told]).toEqual([true, 1]);
    replace({ ben: BEN, anna: 'anna-has-another-secret' });
    expect([client.valid(), told]).toEqual([false, 2]);
  });
});

test('a rate counts each name once, wherever it comes from, and tells of every refusal', () => {
  const { ask, limited, pass } = gateWith({ anna: ANNA, ben: BEN }, { perSecond: 1, burst: 2 });
  expect([ask(bearer(ANNA), '192.0.2.1'), ask(bearer(ANNA), '192.0.2.2')]).toEqual(['anna', 'anna']);
  expect([ask(bearer(ANNA), '192.0.2.3'), limited()]).toEqual(['RATE_LIMITED', 1]);
  expect(ask(bearer(BEN))).toBe('ben');
  pass(1000);
  expect(ask(bearer(ANNA))).toBe('anna');
});
