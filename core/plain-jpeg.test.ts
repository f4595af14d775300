import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodePlainJpeg, plainJpegHeader } from './plain-jpeg.ts';

const read = (name: string) => new Uint8Array(readFileSync(new URL(`../test/fixtures/${name}`, import.meta.url)));

test('upright JPEGs in sRGB are plain, with its profile or without one', () => {
  expect(plainJpegHeader(read('images/exif-1.jpg'))).toMatchObject({ width: 64, height: 48 });
  expect(plainJpegHeader(read('images/srgb-profile.jpg'))).toBeDefined();
});

test('what has to be turned, converted or is no colour picture is not', async () => {
  const profiled = await sharp(read('images/444.jpg')).withIccProfile('p3').jpeg().toBuffer();
  expect(plainJpegHeader(new Uint8Array(profiled))).toBeUndefined();
  for (const name of ['exif-2', 'exif-6', 'exif-8', 'gray', 'cmyk', 'empty', 'page'])
    expect(plainJpegHeader(read(`images/${name}.jpg`)), name).toBeUndefined();
});

test('the header is found in the start of a file', () => {
  expect(plainJpegHeader(read('images/444.jpg').subarray(0, 300))).toMatchObject({ width: 64, height: 48 });
});

test('the pixels are put where there is room for them', () => {
  const buffer = new Uint8Array(64 * 48 * 3);
  const picture = decodePlainJpeg(read('images/444.jpg'), () => buffer);
  expect(picture).toMatchObject({ width: 64, height: 48, channels: 3 });
  expect(picture?.data).toBe(buffer);
});

test('a plain JPEG that this decoder does not know is left to another', () => {
  expect(plainJpegHeader(read('images/progressive.jpg'))).toBeDefined();
  expect(decodePlainJpeg(read('images/progressive.jpg'))).toBeUndefined();
});
