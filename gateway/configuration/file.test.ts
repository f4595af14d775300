import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asTwinlensError } from '../../core/errors.ts';
import { type Configuration, parseConfiguration } from './index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlens-configuration-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function parse(text: string, environment: Record<string, string> = {}): Configuration {
  const path = join(folder, 'twinlens.json');
  writeFileSync(path, text);
  return parseConfiguration({ TWINLENS_CONFIG: path, ...environment });
}

function mistakesOf(text: string, environment: Record<string, string> = {}): string {
  try {
    parse(text, environment);
  } catch (error) {
    return asTwinlensError(error).message;
  }
  return '';
}

test('a file sets what the environment does not', () => {
  const { port, origins, page, maxBytes } = parse(
    '{"port": 9000, "origins": ["https://a.example"], "page": "", "maxBytes": 4096}',
    { TWINLENS_PORT: '9001' },
  );
  expect({ port, origins, page, maxBytes }).toEqual({
    port: 9001,
    origins: ['https://a.example'],
    page: undefined,
    maxBytes: 4096,
  });
});

test('mistakes of the file and of the environment are told together', () => {
  const text = mistakesOf('{"port": "9000", "prot": 1, "queueMax": 1.5}', { TWINLENS_SWAP: 'never' });
  expect(text).toContain('"port" in');
  expect(text).toContain('"prot" in');
  expect(text).toContain('"queueMax" in');
  expect(text).toContain('TWINLENS_SWAP');
});

test.each(['{"port": 9000', '[]', '9000', ''])('a file that holds no JSON object is a mistake: %s', (text) => {
  expect(mistakesOf(text)).toContain('TWINLENS_CONFIG');
});

test('a file that is not there is a mistake', () => {
  expect(() => parseConfiguration({ TWINLENS_CONFIG: join(folder, 'none.json') })).toThrow('TWINLENS_CONFIG');
});
