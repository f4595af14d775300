import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { readJpegHeader } from './jpeg-header.ts';
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

test('gray JPEGs are plain, too, but none with a profile, whichever it is', async () => {
  const gray = read('images/gray.jpg');
  expect(plainJpegHeader(gray)).toMatchObject({ width: 64, height: 48, components: 1 });
  for (const profile of ['srgb', 'p3']) {
    const coloured = new Uint8Array(await sharp(read('images/444.jpg')).withIccProfile(profile).jpeg().toBuffer());
    const at = coloured.findIndex((_, i) => coloured[i] === 0xff && coloured[i + 1] === 0xe2);
    const segment = coloured.subarray(at, at + 2 + ((coloured[at + 2] ?? 0) << 8) + (coloured[at + 3] ?? 0));
    const profiled = Uint8Array.of(...gray.subarray(0, 2), ...segment, ...gray.subarray(2));
    expect(readJpegHeader(profiled)?.profile?.length, 'it is read as one with a profile').toBeGreaterThan(100);
    expect(plainJpegHeader(profiled)).toBeUndefined();
  }
});

test('what has to be converted or is no colour picture is not', async () => {
  const profiled = await sharp(read('images/444.jpg')).withIccProfile('p3').jpeg().toBuffer();
  expect(plainJpegHeader(new Uint8Array(profiled))).toBeUndefined();
  for (const name of ['cmyk', 'empty', 'page'])
    expect(plainJpegHeader(read(`images/${name}.jpg`)), name).toBeUndefined();
});

test('the header is found in the start of a file', () => {
  expect(plainJpegHeader(read('images/444.jpg').subarray(0, 300))).toMatchObject({ width: 64, height: 48 });
});

/** The file with an EXIF block that says nothing but this. */
function withOrientation(file: Uint8Array, orientation: number): Uint8Array {
  const directory = [0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const exif = [...new TextEncoder().encode('Exif\0\0MM\0*\0\0\0\x08'), ...directory];
  return Uint8Array.of(0xff, 0xd8, 0xff, 0xe1, 0, exif.length + 2, ...exif, ...file.subarray(2));
}

const turns = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((orientation) => [
  { orientation, name: '444', components: 3 },
  { orientation, name: 'gray', components: 1 },
]);
test.each(turns)('EXIF orientation $orientation is applied, as by sharp to the byte: $name', async (given) => {
  const data = withOrientation(read(`images/${given.name}.jpg`), given.orientation);
  expect(plainJpegHeader(data)).toMatchObject({ orientation: given.orientation, components: given.components });
  const turned = await sharp(data).autoOrient().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = turned.info;
  const picture = decode(data);
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
  expect(decode(read('jpeg/rgb.jpg'))).toBeUndefined();
});
