import { expect, test } from 'vitest';
import { jpegSegments } from './jpeg-segments.ts';

const START = [0xff, 0xd8];
const told = (...bytes: number[]) =>
  [...jpegSegments(Uint8Array.from(bytes))].map(({ marker, body, end }) => [marker, [...body], end]);

test('segments follow one another, also with fill bytes between, up to the one that starts a scan', () => {
  expect(told(...START, 0xff, 0xe0, 0, 3, 7, 0xff, 0xff, 0xff, 0xfe, 0, 2, 0xff, 0xda, 0, 3, 9, 1, 2, 3)).toEqual([
    [0xe0, [7], 7],
    [0xfe, [], 13],
    [0xda, [9], 18],
  ]);
});

test('one that is cut short says where it would end', () => {
  expect(told(...START, 0xff, 0xe0, 0, 9, 7)).toEqual([[0xe0, [7], 13]]);
});

test('what is no JPEG, or goes on with something else than a segment, ends it', () => {
  expect(told()).toEqual([]);
  expect(told(0x89, 0x50, 0xff, 0xe0, 0, 2)).toEqual([]);
  expect(told(...START, 0xff, 0xe0, 0, 2, 1, 0xe1, 0, 2)).toEqual([[0xe0, [], 6]]);
  expect(told(...START, 0xff, 0xe0, 0, 1, 1)).toEqual([]);
});
