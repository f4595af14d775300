/** Files whose scans don't bring every bit once, in order, are nobody's guess: they are left to others. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type ProgressiveJpeg, readJpeg } from './jpeg-file.ts';
import { endOfScan, START_OF_SCAN } from './jpeg-segments.ts';

const file = new Uint8Array(readFileSync(new URL('../test/fixtures/jpeg/progressive-restarts.jpg', import.meta.url)));

function scansOf(bytes: Uint8Array): ProgressiveJpeg['scans'] | undefined {
  const read = readJpeg(bytes);
  return read?.kind === 'progressive' ? read.scans : undefined;
}

const scans = scansOf(file) ?? [];
/** Of each scan the place of the marker that ends it; segments between two of them belong to the one behind. */
const ends = scans.map(({ begin }) => endOfScan(file, begin) ?? 0);
const head = file.subarray(0, startOf(0));
const END = Uint8Array.of(0xff, 0xd9);

/** Of the first scan where its SOS begins; of another one where the one before ends. */
function startOf(at: number): number {
  if (at > 0) return ends[at - 1] ?? 0;
  const begin = scans[0]?.begin ?? 0;
  for (let place = begin - 2; place > 0; place -= 1) {
    if (file[place] === 0xff && file[place + 1] === START_OF_SCAN) return place;
  }
  return 0;
}

/** A file of these scans, each with what stands before it. */
function fileOf(...scans: (number | Uint8Array)[]): Uint8Array {
  const parts = scans.map((scan) => (typeof scan === 'number' ? file.subarray(startOf(scan), ends[scan]) : scan));
  return Uint8Array.from(Buffer.concat([head, ...parts, END]));
}

const all = scans.map((_, at) => at);

/** The scan `at`, its last three bytes of the segment replaced: first and last coefficient, and bits. */
function withEnding(at: number, ...ending: [first: number, last: number, bits: number]): Uint8Array {
  const start = startOf(at);
  const part = file.slice(start, ends[at]);
  part.set(ending, (scans[at]?.begin ?? 0) - start - 3);
  return part;
}

test('the scans of a usual file: DC of all, then bands of each, then what refines them', () => {
  const told = scans.map(
    ({ components, first, last, high, low }) => `${components.join('')} ${first}-${last} ${high}:${low}`,
  );
  expect(told).toEqual([
    '012 0-0 0:1',
    ...['0 1-5 0:2', '2 1-63 0:1', '1 1-63 0:1', '0 6-63 0:2', '0 1-63 2:1'],
    '012 0-0 1:0',
    ...['2 1-63 1:0', '1 1-63 1:0', '0 1-63 1:0'],
  ]);
  expect(scans.map(({ tables }) => tables.length)).toEqual([3, 1, 1, 1, 1, 1, 0, 1, 1, 1]);
  expect(scans.every(({ restartInterval }) => restartInterval === 5)).toBe(true);
  expect(scansOf(fileOf(...all))).toHaveLength(10);
});

test.each(all)('a file without its scan %i has none of them read', (missing) => {
  expect(scansOf(fileOf(...all.filter((at) => at !== missing)))).toBeUndefined();
});

test.each(all)('nor has one with its scan %i twice', (twice) => {
  expect(scansOf(fileOf(...all.slice(0, twice), twice, ...all.slice(twice)))).toBeUndefined();
});

test('nor has one that begins with a band, or refines what is not there yet', () => {
  expect(scansOf(fileOf(1, 0, ...all.slice(2)))).toBeUndefined();
  expect(scansOf(fileOf(0, 5, 1, 2, 3, 4, ...all.slice(6)))).toBeUndefined();
});

test.each([
  ['DC and AC together', withEnding(0, 0, 5, 0x01)],
  ['a band that ends before it begins', withEnding(1, 5, 1, 0x02)],
  ['a coefficient that no block has', withEnding(1, 1, 64, 0x02)],
  ['more bits than there are', withEnding(1, 1, 5, 0x0e)],
  ['two bits at once', withEnding(5, 1, 63, 0x20)],
])('nor has one with %s', (_what, scan) => {
  const at = scan.length === file.subarray(startOf(0), ends[0]).length ? 0 : 1;
  expect(scansOf(fileOf(...all.slice(0, at), scan, ...all.slice(at + 1)))).toBeUndefined();
});

test('nor has one whose factors change between scans', () => {
  const quants = file.indexOf(0xdb);
  const table = file.slice(quants - 1, quants + 1 + 67);
  expect([table[0], table[3]]).toEqual([0xff, 67]);
  expect(scansOf(fileOf(...all.slice(0, 4), table, ...all.slice(4)))).toBeUndefined();
});
