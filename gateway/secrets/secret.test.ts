import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSecret } from './secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'twinlens-secret-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const rules = { name: 'TWINLENS_ADMIN_TOKEN', minLength: 16 };
const none = { text: undefined, file: undefined };

test('a secret is its text, its file or the mounted file, without the spaces around it', () => {
  const mount = file('mount', 'from-the-mounted-file\n');
  expect(readSecret({ ...none, text: 'a-secret-of-the-text ' }, { ...rules, mount })).toBe('a-secret-of-the-text');
  expect(readSecret({ ...none, file: file('own', ' a-secret-of-a-file\n') }, { ...rules, mount })).toBe(
    'a-secret-of-a-file',
  );
  expect(readSecret(none, { ...rules, mount })).toBe('from-the-mounted-file');
  expect(readSecret(none, { ...rules, mount: join(folder, 'missing') })).toBeUndefined();
});

test.each<[string, Parameters<typeof readSecret>[0]]>([
  ['too short', { ...none, file: file('short', '  a-short-one  \n') }],
  ['with a space in it', { ...none, file: file('space', 'two words that are long enough') }],
  ['named and not there', { ...none, file: join(folder, 'missing') }],
  ['given twice', { text: 'a-secret-of-the-text', file: file('twice', 'a-secret-of-a-file') }],
])('a secret that is %s is refused without being repeated', (_name, secret) => {
  const read = () => readSecret(secret, rules);
  expect(read).toThrow(/TWINLENS_ADMIN_TOKEN/);
  expect(read).not.toThrow(/a-short-one|two words|a-secret/);
});
