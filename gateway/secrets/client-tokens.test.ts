import { expect, test } from 'vitest';
import { parseClientTokens } from './client-tokens.ts';

test('each line is a name and a token; comments, empty lines and spaces around do not count', () => {
  const text = '# clients\n\nanna: anna-has-a-long-secret \r\nben.2:ben:has:colons:in-it\nanna:annas-other-secret\n';
  expect(parseClientTokens(text)).toEqual([
    { name: 'anna', token: 'anna-has-a-long-secret' },
    { name: 'ben.2', token: 'ben:has:colons:in-it' },
    { name: 'anna', token: 'annas-other-secret' },
  ]);
});

test.each([
  ['no token at all', '# nobody\n', 'no token'],
  ['a token without a name', 'first:a-long-enough-token\njust-a-secret-of-one\n', 'line 2'],
  ['a name that could break a log', 'an na:a-long-enough-token', 'line 1'],
  ['a short token', 'anna:too-short', '16 to 512'],
  ['a token with a space', 'anna:two words of a secret', 'line 1'],
  ['a token twice', 'anna:a-long-enough-token\nben:a-long-enough-token', 'another line'],
  ['too many', Array.from({ length: 1001 }, (_, i) => `n:a-long-enough-token-${i}`).join('\n'), '1000'],
])('%s is refused without being repeated', (_what, text, why) => {
  const parse = () => parseClientTokens(text);
  expect(parse).toThrow(why);
  expect(parse).not.toThrow(/just-a-secret|too-short|two words|long-enough/);
});
