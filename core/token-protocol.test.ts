import { expect, test } from 'vitest';
import { tokenInProtocols, tokenProtocol } from './token-protocol.ts';

test('a token of any printable characters travels as a subprotocol and comes back', () => {
  for (const token of ['a', 'ab', 'abc', '~~~???>>>', 'correct-horse-battery/+=', '!"#$%&\'()*,:;<=>@[]{}']) {
    const entry = tokenProtocol(token);
    expect(entry, token).toMatch(/^twinlens\.token\.[A-Za-z0-9_-]+$/);
    expect(tokenInProtocols(`twinlens.v1, ${entry}`)).toBe(token);
  }
});

test('none is undefined; what is no base64url is an empty token, which is nobody’s', () => {
  expect(tokenInProtocols('')).toBeUndefined();
  expect(tokenInProtocols('twinlens.v1, other')).toBeUndefined();
  for (const text of ['', 'a', 'a+b=', 'a.b']) expect(tokenInProtocols(`twinlens.token.${text}`), text).toBe('');
});
