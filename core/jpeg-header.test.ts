import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readJpegHeader } from './jpeg-header.ts';

const read = (name: string): Uint8Array => readFileSync(new URL(`../test/fixtures/images/${name}`, import.meta.url));

/** A segment with its marker and length. */
const segment = (marker: number, body: readonly number[]): number[] => {
  const length = body.length + 2;
  return [0xff, marker, length >> 8, length & 0xff, ...body];
};
const text = (value: string): number[] => [...value].map((letter) => letter.charCodeAt(0));
const frame = segment(0xc0, [8, 0, 3, 0, 5, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
const jpeg = (...segments: readonly number[][]): Uint8Array => Uint8Array.from([0xff, 0xd8, ...segments.flat()]);
const icc = (number: number, count: number, body: readonly number[]): number[] =>
  segment(0xe2, [...text('ICC_PROFILE\0'), number, count, ...body]);

test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is told', (orientation) => {
  expect(readJpegHeader(read(`exif-${orientation}.jpg`))).toMatchObject({ components: 3, orientation });
});

test('size and components of baseline, progressive, gray and CMYK', () => {
  expect(readJpegHeader(jpeg(frame))).toEqual({
    width: 5,
    height: 3,
    components: 3,
    orientation: 1,
    profile: undefined,
  });
  expect(readJpegHeader(read('progressive.jpg'))).toMatchObject({ components: 3, orientation: 1 });
  expect(readJpegHeader(read('gray.jpg'))?.components).toBe(1);
  expect(readJpegHeader(read('cmyk.jpg'))?.components).toBe(4);
});

test('a profile in several chunks is one, in the order of their numbers', () => {
  const header = readJpegHeader(jpeg(icc(2, 2, [3, 4]), icc(1, 2, [1, 2]), frame));
  expect(header?.profile).toEqual(Uint8Array.of(1, 2, 3, 4));
});

test.each([
  ['a chunk of the profile is missing', jpeg(icc(2, 2, [3, 4]), frame)],
  ['there are two EXIF blocks', jpeg(...[0, 1].map(() => segment(0xe1, text('Exif\0\0MM\0*\0\0\0\x08\0\0'))), frame)],
  ['its EXIF block has no order of bytes', jpeg(segment(0xe1, text('Exif\0\0XX\0*\0\0\0\x08\0\0')), frame)],
  ['samples have 12 bits', jpeg(segment(0xc1, [12, 0, 3, 0, 5, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]))],
  ['the scan begins without a frame', jpeg(segment(0xda, [1, 1, 0, 0, 63, 0]))],
  ['it is no JPEG', read('rgb.png')],
])('nothing is told with certainty where %s', (_why, bytes) => {
  expect(readJpegHeader(bytes)).toBeUndefined();
});

test('any bytes and every cut give a header or none, and nothing throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readJpegHeader(Uint8Array.of(0xff, 0xd8, ...bytes));
      readJpegHeader(jpeg(segment(0xe1, [...text('Exif\0\0'), ...bytes]), icc(1, 1, [...bytes]), frame));
    }),
  );
  const whole = read('srgb-profile.jpg');
  for (let length = 0; length <= Math.min(whole.length, 4096); length += 1) readJpegHeader(whole.subarray(0, length));
});
