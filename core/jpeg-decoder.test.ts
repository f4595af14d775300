/** The decoder gives libjpeg's bytes (sharp's, here) or nothing, and survives whatever is done to a file. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { labelledPhotos, NO_SHARED, sharedDir } from '../test/support/shared-photos.ts';
import { createJpegDecoder, MOST_MEMORY } from './jpeg-decoder.ts';
import { readJpegScan } from './jpeg-scan.ts';

const decoder = createJpegDecoder();

function decode(file: Uint8Array): Uint8Array | undefined {
  if (!decoder) throw new Error('this Node has no WebAssembly SIMD');
  const scan = readJpegScan(file);
  return scan && decoder.decode(file, scan);
}

const byLibjpeg = (file: Uint8Array): Promise<Buffer> =>
  sharp(file, { failOn: 'truncated', ignoreIcc: true }).raw().toBuffer();

/** Compared in place of the bytes, whose difference nobody could read. */
const digest = (bytes: Uint8Array | undefined) => bytes && createHash('sha256').update(bytes).digest('hex');

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`../test/fixtures/${name}`, import.meta.url)));

/** Flat, smooth, or hard black and white: few coefficients, usual ones, and sums that have to be clipped. */
const drawn = fc.record({
  width: fc.integer({ min: 16, max: 90 }),
  height: fc.integer({ min: 16, max: 90 }),
  look: fc.constantFrom('flat', 'smooth', 'hard'),
  seed: fc.nat(1_000_000),
});

function pixelsOf({ width, height, look, seed }: typeof drawn extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
  const bytes = new Uint8Array(width * height * 3);
  for (let i = 0; i < bytes.length; i += 1) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const chance = (Math.imul(Math.imul(i + seed, 0x9e3779b1) ^ (i >>> 3), 0x85ebca6b) >>> 24) & 255;
    if (look === 'flat') bytes[i] = (seed >> (i % 3)) & 255;
    else if (look === 'smooth') bytes[i] = (x * (1 + (i % 3)) + y * 2 + (chance >> 5)) & 255;
    else bytes[i] = (chance & 1) * 255;
  }
  return bytes;
}

const files = fc.record({
  picture: drawn,
  chromaSubsampling: fc.constantFrom('4:2:0', '4:4:4'),
  quality: fc.integer({ min: 1, max: 100 }),
  optimiseCoding: fc.boolean(),
});

async function fileOf({ picture, ...options }: typeof files extends fc.Arbitrary<infer T> ? T : never) {
  const { width, height } = picture;
  const image = sharp(pixelsOf(picture), { raw: { width, height, channels: 3 } });
  return new Uint8Array(await image.jpeg(options).toBuffer());
}

test('every baseline JPEG of luma and chroma comes out as libjpeg decodes it, to the byte', async () => {
  await fc.assert(
    fc.asyncProperty(files, async (options) => {
      const file = await fileOf(options);
      expect(digest(decode(file))).toBe(digest(await byLibjpeg(file)));
    }),
    { numRuns: 300 },
  );
});

test.each(['jpeg/half-across.jpg', 'jpeg/restarts.jpg', 'images/444.jpg', 'images/baseline-420.jpg'])(
  '%s comes out as libjpeg decodes it, to the byte',
  async (name) => {
    const file = fixture(name);
    expect(digest(decode(file))).toBe(digest(await byLibjpeg(file)));
  },
);

test.skipIf(!sharedDir)(
  `real photos come out as libjpeg decodes them, to the byte${sharedDir ? '' : ` (${NO_SHARED})`}`,
  async () => {
    let same = 0;
    for (const { path, encoding, name } of labelledPhotos('imagenet_sample_200')) {
      if (encoding !== 'jpeg') continue;
      const file = new Uint8Array(readFileSync(path));
      const pixels = decode(file);
      if (!pixels) continue; // Gray ones.
      expect(digest(pixels), name).toBe(digest(await byLibjpeg(file)));
      same += 1;
    }
    expect(same).toBeGreaterThan(190);
  },
);

describe('what it does not know it leaves to others', () => {
  test.each([
    'images/progressive.jpg',
    'images/gray.jpg',
    'images/cmyk.jpg',
    'jpeg/rgb.jpg',
    'images/truncated.jpg',
    'images/page.jpg',
    'images/empty.jpg',
    'images/noise.bin',
  ])('%s', (name) => {
    expect(decode(fixture(name))).toBeUndefined();
  });

  test('a file that does not fit into its memory', () => {
    const file = fixture('images/444.jpg');
    const long = new Uint8Array(MOST_MEMORY);
    long.set(file);
    expect(decode(long)).toBeUndefined();
    expect(decode(file)).toBeDefined();
  });
});

test('a cut file gives nothing, wherever it is cut', () => {
  const file = fixture('jpeg/restarts.jpg');
  for (let length = 0; length < file.length; length += 1) {
    if (decode(file.subarray(0, length))) throw new Error(`decoded ${length} of ${file.length} bytes`);
  }
  expect(decode(file)).toBeDefined();
});

test('a broken file gives nothing or a picture of its size, and the next file is decoded as ever', () => {
  const [whole, restarts] = [fixture('jpeg/half-across.jpg'), fixture('jpeg/restarts.jpg')];
  const right = digest(decode(whole));
  fc.assert(
    fc.property(
      fc.constantFrom(whole, restarts),
      fc.array(fc.tuple(fc.nat(6000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (file, changes) => {
        const broken = file.slice();
        for (const [at, value] of changes) broken[at % broken.length] = value;
        const scan = readJpegScan(broken);
        const pixels = decode(broken);
        if (pixels && scan) expect(pixels.length).toBe(scan.width * scan.height * 3);
        expect(digest(decode(whole))).toBe(right);
      },
    ),
    { numRuns: 500 },
  );
});
