import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ImageEncoding } from '../../core/engine.ts';
import type { TwinlensError } from '../../core/errors.ts';
import type { InputSpec } from '../../core/manifest.ts';
import type { PixelView } from '../../core/pixels.ts';
import { decodeImage, openImage } from './decode.ts';

const folder = new URL('../../test/fixtures/images/', import.meta.url);
const MAX_PIXELS = 64 * 1024 * 1024;
const cases = z
  .array(
    z.object({
      file: z.string(),
      mediaType: z.string(),
      about: z.string(),
      expect: z.enum(['decodes', 'refused', 'either']),
      width: z.int().optional(),
      height: z.int().optional(),
      tolerance: z.number().optional(),
      probes: z
        .array(z.object({ x: z.int(), y: z.int(), rgb: z.tuple([z.number(), z.number(), z.number()]) }))
        .default([]),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')));

const decode = (file: string, mediaType: string) =>
  decodeImage(
    { encoding: (mediaType.split('/')[1] ?? '') as ImageEncoding, data: readFileSync(new URL(file, folder)) },
    MAX_PIXELS,
  );

describe('a picture that can be decoded comes out upright, in sRGB and over white', () => {
  test.each(cases.filter(({ expect: how }) => how === 'decodes'))(
    '$file: $about',
    async ({ file, mediaType, width, height, probes, tolerance = 12 }) => {
      const pixels = await decode(file, mediaType);
      expect([pixels.width, pixels.height]).toEqual([width, height]);
      for (const { x, y, rgb } of probes) {
        const at = (y * pixels.width + x) * pixels.channels;
        for (const [c, expected] of rgb.entries())
          expect(Math.abs((pixels.data[at + c] ?? -999) - expected)).toBeLessThanOrEqual(tolerance);
      }
    },
  );
});

test.each([
  ...['jpeg/half-across', 'jpeg/restarts', 'images/444', 'images/baseline-420', 'images/srgb-profile'],
  ...['images/gray', 'jpeg/gray-restarts'],
])('%s.jpg has the same pixels decoded here and on threads', async (name) => {
  const data = readFileSync(new URL(`../../test/fixtures/${name}.jpg`, import.meta.url));
  const [here, there] = await Promise.all(
    [false, true].map(async (onThreads) =>
      (await openImage({ encoding: 'jpeg', data }, { maxPixels: MAX_PIXELS, onThreads })).decode(),
    ),
  );
  const bytes = (picture: PixelView | undefined) => Buffer.from(picture?.data ?? []);
  expect(bytes(here).length).toBeGreaterThan(0);
  expect(bytes(here).equals(bytes(there))).toBe(true);
});

test('a gray JPEG that libvips decodes comes out as red, green and blue, all the same', async () => {
  const image = { encoding: 'jpeg', data: readFileSync(new URL('gray.jpg', folder)) } as const;
  const picture = await (await openImage(image, { maxPixels: MAX_PIXELS, onThreads: true })).decode();
  expect(picture).toMatchObject({ width: 64, height: 48, channels: 3 });
  expect([...picture.data].filter((value, at) => value !== picture.data[at - (at % 3)])).toEqual([]);
  expect(new Set(picture.data).size).toBeGreaterThan(3);
});

const small: InputSpec = {
  ...{ name: 'input', layout: 'NCHW', datatype: 'float32', channels: 'RGB', width: 128, height: 128 },
  ...{ scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
  resize: { rule: 'shortest-edge', size: 128, filter: 'bilinear' },
};
const large = { width: 1200, height: 900, channels: 3, background: '#804020' } as const;

test.each([false, true])(
  'a large JPEG is decoded at a part of its size, to the same pixels also where others are decoded on threads (progressive: %s)',
  async (progressive) => {
    const data = await sharp({ create: large }).withMetadata({ orientation: 8 }).jpeg({ progressive }).toBuffer();
    for (const onThreads of [false, true]) {
      const opened = await openImage({ encoding: 'jpeg', data }, { maxPixels: MAX_PIXELS, onThreads, input: small });
      expect(opened.newPixels).toBe(1200 * 900);
      expect(await opened.decode()).toMatchObject({ width: 450, height: 600, full: { width: 900, height: 1200 } });
    }
  },
);

test.each([1, 6])(
  'a progressive JPEG that is too large for core, with EXIF orientation %i, comes out upright and whole',
  async (orientation) => {
    const create = { ...large, width: 3200, height: 2400 };
    const data = await sharp({ create }).withMetadata({ orientation }).jpeg({ progressive: true }).toBuffer();
    const options = { maxPixels: MAX_PIXELS, onThreads: false, input: small };
    const picture = await (await openImage({ encoding: 'jpeg', data }, options)).decode();
    const [width, height] = orientation === 1 ? [3200, 2400] : [2400, 3200];
    expect(picture).toMatchObject({ width, height });
    expect(picture.full).toBeUndefined();
  },
);

describe('a picture that can not be decoded is refused with a code that says why', () => {
  const codes: Record<string, string> = {
    'truncated.jpg': 'UNDECODABLE_IMAGE',
    'bomb-60000.png': 'PAYLOAD_TOO_LARGE',
    'bomb-12000.png': 'PAYLOAD_TOO_LARGE',
    'header-only.png': 'UNDECODABLE_IMAGE',
    'page.jpg': 'UNSUPPORTED_MEDIA',
    'empty.jpg': 'INVALID_ARGUMENT',
    'noise.bin': 'UNSUPPORTED_MEDIA',
  };
  test.each(cases.filter(({ expect: how }) => how === 'refused'))('$file: $about', async ({ file, mediaType }) => {
    const error = await decode(file, mediaType).then(
      () => undefined,
      (reason: TwinlensError) => reason,
    );
    expect(error?.code).toBe(codes[file]);
    expect(error?.message).toMatch(/;|\. /);
  });
});

test('a picture announced as another format is UNSUPPORTED_MEDIA, naming what it is', async () => {
  await expect(decode('rgb.png', 'image/jpeg')).rejects.toMatchObject({
    code: 'UNSUPPORTED_MEDIA',
    message: expect.stringContaining('png'),
  });
});

test('a CMYK picture is decoded or refused, but never crashes', async () => {
  const ending = await decode('cmyk.jpg', 'image/jpeg').then(
    () => 'decoded',
    (error: TwinlensError) => error.code,
  );
  expect(['decoded', 'UNDECODABLE_IMAGE']).toContain(ending);
});

test('raw pixels past the bound are PAYLOAD_TOO_LARGE before their bytes are counted', async () => {
  const image = { encoding: 'rgb8', width: 60_000, height: 60_000, data: new Uint8Array(3) } as const;
  await expect(decodeImage(image, MAX_PIXELS)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
});
