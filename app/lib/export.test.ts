import { expect, test } from 'vitest';
import { toCsv, toJson } from './export.ts';
import type { HistoryEntry } from './history.ts';

const entry: HistoryEntry = {
  id: 'secret-id',
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
  name: 'photo.jpg',
  thumbnail: 'data:image/jpeg;base64,AAAA',
  predictions: [
    { label: 'tabby cat', index: 281, score: 0.75 },
    { label: 'hen', index: 8, score: 0.125 },
  ],
  notSure: false,
  engine: 'device',
  provider: 'wasm',
  model: 'lite',
  version: 1,
  variant: 'w16',
  cached: false,
  totalMs: 31.2345,
};

/** A reader of RFC 4180 written for this test only. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|$)/gy;
  for (let match = field.exec(text); match && match[0] !== ''; match = field.exec(text)) {
    const raw = match[1] ?? '';
    rows.at(-1)?.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (match[2] === '\r\n') rows.push([]);
  }
  return rows;
}

test('a row has the time in ISO 8601, the names with their scores, and empty cells for the missing', () => {
  const [header = [], row = []] = readCsv(toCsv([entry]));
  const value = (name: string) => row[header.indexOf(name)];
  expect(row).toHaveLength(header.length);
  expect([value('at'), value('label1'), value('score1'), value('label3'), value('totalMs')]).toEqual([
    '2026-01-02T03:04:05.000Z',
    'tabby cat',
    '0.75',
    '',
    '31.23',
  ]);
});

test.each(['a,b', 'say "hi"', 'two\r\nlines', 'two\nlines', ' spaced '])('the name %j survives quoting', (name) => {
  expect(readCsv(toCsv([{ ...entry, name }]))[1]?.[1]).toBe(name);
});

test.each(['=1+1', '+1', '-1', '@x'])('the name %j can not become a formula', (name) => {
  expect(readCsv(toCsv([{ ...entry, name }]))[1]?.[1]).toBe(`'${name}`);
});

test('an empty history is the header alone', () => {
  expect(toCsv([]).split('\r\n')).toHaveLength(2);
});

test('JSON keeps everything but the picture and the inner id', () => {
  const read: unknown = JSON.parse(toJson([entry]));
  const { id: _, thumbnail: __, at: ___, ...rest } = entry;
  expect(read).toEqual({
    format: 'twinlens-history',
    version: 1,
    entries: [{ ...rest, at: '2026-01-02T03:04:05.000Z' }],
  });
});
