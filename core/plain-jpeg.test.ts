import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { InputSpec } from './manifest.ts';
import { decodePlainJpeg, openPlainJpeg, type PlainJpeg, plainJpegHeader } from './plain-jpeg.ts';

const read = (name: string) => new Uint8Array(readFileSync(new URL(`../test/fixtures/${name}`, import.meta.url)));

const input: InputSpec = {
  ...{ name: 'input', layout: 'NCHW', datatype: 'float32', channels: 'RGB', width: 24, height: 24 },
  ...{ scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
  resize: { rule: 'shortest-edge', size: 24, filter: 'bilinear' },
};

function open(file: Uint8Array, forInput?: InputSpec): PlainJpeg | undefined {
  const header = plainJpegHeader(file);
  if (!header) throw new Error('the file is not plain');
  return openPlainJpeg(file, header, forInput);
}

function decode(file: Uint8Array, forInput?: InputSpec) {
  const opened = open(file, forInput);
  return opened && decodePlainJpeg(opened);
}

test('JPEGs in sRGB are plain, with its profile or without one, also turned ones', () => {
  expect(plainJpegHeader(read('images/exif-1.jpg'))).toMatchObject({ width: 64, height: 48 });
  expect(plainJpegHeader(read('images/exif-6.jpg'))).toBeDefined();
  expect(plainJpegHeader(read('images/srgb-profile.jpg'))).toBeDefined();
});

test('what has to be converted or is no colour picture is not', async () => {
  const profiled = await sharp(read('images/444.jpg')).withIccProfile('p3').jpeg().toBuffer();
  expect(plainJpegHeader(new Uint8Array(profiled))).toBeUndefined();
  for (const name of ['gray', 'cmyk', 'empty', 'page'])
    expect(plainJpegHeader(read(`images/${name}.jpg`)), name).toBeUndefined();
});

test('the header is found in the start of a file', () => {
  expect(plainJpegHeader(read('images/444.jpg').subarray(0, 300))).toMatchObject({ width: 64, height: 48 });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is applied, as by sharp to the byte', async (orientation) => {
  const data = await sharp(read('images/444.jpg')).withMetadata({ orientation }).toBuffer();
  const turned = await sharp(data).autoOrient().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = turned.info;
  const picture = decode(new Uint8Array(data));
  expect(picture).toMatchObject({ width, height, channels: 3 });
  expect(turned.data.equals(new Uint8Array(picture?.data ?? []))).toBe(true);
});

test('a large picture is decoded at the part that the model has enough with, and says its own size', async () => {
  const create = { width: 400, height: 300, channels: 3, background: '#804020' } as const;
  const upright = await sharp({ create }).jpeg().toBuffer();
  const turned = await sharp(upright).withMetadata({ orientation: 6 }).toBuffer();
  expect(decode(upright, input)).toMatchObject({ width: 100, height: 75, full: { width: 400, height: 300 } });
  expect(decode(turned, input)).toMatchObject({ width: 75, height: 100, full: { width: 300, height: 400 } });
  expect(decode(upright)).toMatchObject({ width: 400, height: 300 });
});

test('the pixels are put where there is room for them', () => {
  const buffer = new Uint8Array(64 * 48 * 3);
  const opened = open(read('images/444.jpg'));
  const picture = opened && decodePlainJpeg(opened, () => buffer);
  expect(picture).toMatchObject({ width: 64, height: 48, channels: 3 });
  expect(picture?.data).toBe(buffer);
});

test('a plain JPEG that this decoder does not know is left to another', () => {
  expect(decode(read('images/progressive.jpg'))).toBeUndefined();
});
