/** The decoder gives libjpeg's bytes (sharp's, here) or nothing, and survives whatever is done to a file. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import sharp, { type JpegOptions } from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodePart } from '../test/support/jpeg-reference.ts';
import { labelledPhotos, NO_SHARED, sharedDir } from '../test/support/shared-photos.ts';
import { asTwinlensError } from './errors.ts';
import { createJpegDecoder, MOST_MEMORY } from './jpeg-decoder.ts';
import { readJpeg } from './jpeg-file.ts';
import { type Eighths, partOf } from './sizes.ts';

const decoder = createJpegDecoder();

function decode(file: Uint8Array, eighths: Eighths = 8): Uint8Array | undefined {
  if (!decoder) throw new Error('this Node has no WebAssembly SIMD');
  const scan = readJpeg(file);
  return scan && decoder.decode(file, scan, eighths);
}

/** `decode`, or the code of the error that it threw. */
function tryDecode(file: Uint8Array, eighths: Eighths = 8): Uint8Array | string | undefined {
  try {
    return decode(file, eighths);
  } catch (error) {
    return asTwinlensError(error).code;
  }
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

type Drawn = Omit<typeof drawn extends fc.Arbitrary<infer T> ? T : never, 'look'> & { readonly look: string };

function pixelsOf({ width, height, look, seed }: Drawn): Uint8Array {
  const bytes = new Uint8Array(width * height * 3);
  for (let i = 0; i < bytes.length; i += 1) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const chance = (Math.imul(Math.imul(i + seed, 0x9e3779b1) ^ (i >>> 3), 0x85ebca6b) >>> 24) & 255;
    if (look === 'flat') bytes[i] = (seed >> (i % 3)) & 255;
    else if (look === 'gradual') bytes[i] = (127 * (i % 3 === 0 ? x : width - x)) / width + (127 * y) / height;
    else if (look === 'smooth') bytes[i] = (x * (1 + (i % 3)) + y * 2 + (chance >> 5)) & 255;
    else bytes[i] = (chance & 1) * 255;
  }
  return bytes;
}

/** All that sharp can make of a progressive file; with mozjpeg's scans others than usual. */
const progressive = { progressive: true, optimiseScans: false, trellisQuantisation: false };

const files = fc.record({
  picture: drawn,
  chromaSubsampling: fc.constantFrom('4:2:0', '4:4:4'),
  quality: fc.integer({ min: 1, max: 100 }),
  optimiseCoding: fc.boolean(),
});

type Options = typeof files extends fc.Arbitrary<infer T> ? T : never;

async function fileOf({ picture, ...options }: Omit<Options, 'picture'> & { readonly picture: Drawn } & JpegOptions) {
  const { width, height } = picture;
  const image = sharp(pixelsOf(picture), { raw: { width, height, channels: 3 } });
  return new Uint8Array(await image.jpeg(options).toBuffer());
}

const grays = fc.record({
  picture: drawn,
  // Also those that are smaller than a block, along either axis.
  width: fc.integer({ min: 1, max: 90 }),
  height: fc.integer({ min: 1, max: 90 }),
  quality: fc.integer({ min: 1, max: 100 }),
  optimiseCoding: fc.boolean(),
  /** Samples of a block group that the frame claims; with one component it changes nothing. */
  factors: fc.constantFrom(0x11, 0x21, 0x12, 0x22, 0x42, 0x44),
});

async function grayFileOf({
  picture,
  width,
  height,
  factors,
  ...options
}: GrayOptions & JpegOptions): Promise<Uint8Array> {
  const image = sharp(pixelsOf({ ...picture, width, height }), { raw: { width, height, channels: 3 } });
  const file = await image.toColourspace('b-w').jpeg(options).toBuffer();
  const frame = file.indexOf(Buffer.from([0xff, options.progressive ? 0xc2 : 0xc0, 0, 11]));
  expect([frame > 0, file[frame + 9], file[frame + 11]]).toEqual([true, 1, 0x11]);
  file[frame + 11] = factors;
  return new Uint8Array(file);
}

type GrayOptions = typeof grays extends fc.Arbitrary<infer T> ? T : never;

test('every baseline JPEG of luma and chroma comes out as libjpeg decodes it, to the byte', async () => {
  await fc.assert(
    fc.asyncProperty(files, async (options) => {
      const file = await fileOf(options);
      expect(digest(decode(file))).toBe(digest(await byLibjpeg(file)));
    }),
    { numRuns: 300 },
  );
});

test('every gray baseline JPEG does, too, of any size and whatever factors it names: luma as red, green and blue', async () => {
  await fc.assert(
    fc.asyncProperty(grays, async (options) => {
      const file = await grayFileOf(options);
      const pixels = decode(file);
      expect(digest(pixels)).toBe(digest(await byLibjpeg(file)));
      expect(pixels?.every((value, at) => value === pixels[at - (at % 3)])).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('every progressive JPEG of luma and chroma does, too, whatever its scans', async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.boolean(), fc.boolean(), async (options, optimiseScans, trellisQuantisation) => {
      const file = await fileOf({ ...options, ...progressive, optimiseScans, trellisQuantisation });
      expect(readJpeg(file)?.kind).toBe('progressive');
      expect(digest(decode(file))).toBe(digest(await byLibjpeg(file)));
    }),
    { numRuns: 300 },
  );
});

test('every gray progressive JPEG does, too', async () => {
  await fc.assert(
    fc.asyncProperty(grays, async (options) => {
      const file = await grayFileOf({ ...options, ...progressive });
      expect(readJpeg(file)?.kind).toBe('progressive');
      expect(digest(decode(file))).toBe(digest(await byLibjpeg(file)));
    }),
    { numRuns: 200 },
  );
});

const PROGRESSIVE_FIXTURES = [
  'images/progressive.jpg',
  'jpeg/progressive-restarts.jpg',
  'jpeg/progressive-half-across.jpg',
];
const GRAY_FIXTURES = ['images/gray.jpg', 'jpeg/gray-restarts.jpg'];
const FIXTURES = [
  ...['jpeg/half-across.jpg', 'jpeg/restarts.jpg', 'images/444.jpg', 'images/baseline-420.jpg'],
  ...GRAY_FIXTURES,
];
test.each([...FIXTURES, ...PROGRESSIVE_FIXTURES])('%s comes out as libjpeg decodes it, to the byte', async (name) => {
  const file = fixture(name);
  expect(digest(decode(file))).toBe(digest(await byLibjpeg(file)));
});

describe.each([2, 4] as const)('at %i eighths of its size', (eighths) => {
  const byReference = (file: Uint8Array) => {
    const scan = readJpeg(file);
    return scan?.kind === 'baseline' ? decodePart(file, scan, eighths) : undefined;
  };

  test('every baseline JPEG of luma and chroma comes out as the plain computation says, to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (options) => {
        const file = await fileOf(options);
        expect(digest(decode(file, eighths))).toBe(digest(byReference(file)));
      }),
      { numRuns: 200 },
    );
  });

  test('every gray baseline JPEG does, too, of any size and whatever factors it names', async () => {
    await fc.assert(
      fc.asyncProperty(grays, async (options) => {
        const file = await grayFileOf(options);
        expect(digest(decode(file, eighths))).toBe(digest(byReference(file)));
      }),
      { numRuns: 200 },
    );
  });

  test('a progressive JPEG comes out as the baseline one with the same coefficients', async () => {
    await fc.assert(
      fc.asyncProperty(files, async (options) => {
        const file = await fileOf({ ...options, ...progressive });
        expect(readJpeg(file)?.kind).toBe('progressive');
        expect(digest(decode(file, eighths))).toBe(digest(byReference(await fileOf(options))));
      }),
      { numRuns: 100 },
    );
  });

  test.each(FIXTURES)('%s does, too', (name) => {
    const file = fixture(name);
    expect(digest(decode(file, eighths))).toBe(digest(byReference(file)));
  });

  test('so do blocks of nothing but their finest coefficient, whose short codes fill more than a block at a look', async () => {
    const [width, height] = [64, 64];
    const wave = (at: number) => Math.cos(((2 * (at % 8) + 1) * 7 * Math.PI) / 16);
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return 128 + (60 + 3 * ((x >> 3) + (y >> 3))) * wave(x) * wave(y);
    });
    const image = sharp(pixels, { raw: { width, height, channels: 3 } });
    const options = { quality: 50, chromaSubsampling: '4:4:4', optimiseCoding: true };
    const file = new Uint8Array(await image.jpeg(options).toBuffer());
    expect(digest(decode(file, eighths))).toBe(digest(byReference(file)));
  });

  test('it looks as the whole one does, made smaller', async () => {
    await fc.assert(
      fc.asyncProperty(files, async ({ picture, ...options }) => {
        const [width, height] = [picture.width + 64, picture.height + 64];
        const large = { ...picture, width, height, look: 'gradual' };
        const file = await fileOf({ ...options, picture: large, quality: 95 });
        const size = partOf(large, eighths);
        const smaller = await sharp(file)
          .resize({ ...size, fit: 'fill', kernel: 'linear' })
          .raw()
          .toBuffer();
        const pixels = decode(file, eighths) ?? [];
        expect(pixels.length).toBe(smaller.length);
        const off = smaller.reduce((sum, value, at) => sum + Math.abs(value - (pixels[at] ?? 0)), 0) / smaller.length;
        expect(off).toBeLessThan(5);
      }),
      { numRuns: 50 },
    );
  });
});

test.skipIf(!sharedDir)(
  `real photos come out as libjpeg decodes them, to the byte${sharedDir ? '' : ` (${NO_SHARED})`}`,
  async () => {
    let same = 0;
    for (const { path, encoding, name } of labelledPhotos('imagenet_sample_200')) {
      if (encoding !== 'jpeg') continue;
      const file = new Uint8Array(readFileSync(path));
      const pixels = decode(file);
      if (!pixels) continue; // With a profile that is not sRGB's.
      expect(digest(pixels), name).toBe(digest(await byLibjpeg(file)));
      same += 1;
    }
    expect(same).toBeGreaterThan(190);
  },
);

describe('what it does not know it leaves to others', () => {
  test.each(['images/cmyk.jpg', 'jpeg/rgb.jpg', 'images/page.jpg', 'images/empty.jpg', 'images/noise.bin'])(
    '%s',
    (name) => {
      expect(decode(fixture(name))).toBeUndefined();
    },
  );

  test('a file that does not fit into its memory', () => {
    const file = fixture('images/444.jpg');
    const long = new Uint8Array(MOST_MEMORY);
    long.set(file);
    expect(decode(long)).toBeUndefined();
    expect(decode(file)).toBeDefined();
  });
});

/** Of the one scan's bits. */
function beginOf(file: Uint8Array): number {
  const scan = readJpeg(file);
  if (scan?.kind !== 'baseline') throw new Error('It is no baseline file.');
  return scan.begin;
}

test.each([
  [3000, 3000],
  [65_500, 65_500],
])('a progressive file that claims %i x %i pixels, which do not fit either, is left to others', (width, height) => {
  const file = fixture('jpeg/progressive-restarts.jpg').slice();
  const frame = Buffer.from(file).indexOf(Buffer.from([0xff, 0xc2]));
  new DataView(file.buffer).setUint16(frame + 5, height);
  new DataView(file.buffer).setUint16(frame + 7, width);
  expect(readJpeg(file)).toMatchObject({ kind: 'progressive', width, height });
  for (const eighths of [2, 4, 8] as const) expect(decode(file, eighths)).toBeUndefined();
});

test.each(
  ['jpeg/restarts.jpg', 'jpeg/gray-restarts.jpg'].flatMap((name) =>
    ([2, 4, 8] as const).map((e) => [name, e] as const),
  ),
)('a cut file is never decoded, and in its scan said to be one (%s, %i eighths)', (name, eighths) => {
  const file = fixture(name);
  const begin = beginOf(file);
  const told = new Set<unknown>();
  for (let length = 0; length < file.length; length += 1) {
    const ending = tryDecode(file.subarray(0, length), eighths);
    if (length > begin && length < file.length - 3) told.add(ending);
    else if (ending instanceof Uint8Array) throw new Error(`decoded ${length} of ${file.length} bytes`);
  }
  expect([...told]).toEqual(['UNDECODABLE_IMAGE']);
  expect(decode(file, eighths)).toBeDefined();
});

test.each(PROGRESSIVE_FIXTURES)('a progressive file that was cut is left to others (%s)', (name) => {
  const file = fixture(name);
  for (let length = 0; length < file.length; length += 1) expect(decode(file.subarray(0, length))).toBeUndefined();
});

test.each([
  ['runs past its last coefficient', 1, 0x01, 0xe1],
  ['refines by more than a bit', 5, 0x01, 0x02],
])('a progressive file with a scan that %s is left to others', (_what, at, from, to) => {
  const file = fixture('jpeg/progressive-restarts.jpg');
  const read = readJpeg(file);
  const begin = (read?.kind === 'progressive' && read.scans[at]?.begin) || 0;
  // Marker, length, number and 16 counts of the table before the scan; then its symbols.
  const symbols = Buffer.from(file).lastIndexOf(Buffer.from([0xff, 0xc4]), begin) + 2 + 2 + 1 + 16;
  const changed = file.slice();
  changed[changed.indexOf(from, symbols)] = to;
  expect(readJpeg(changed)?.kind).toBe('progressive');
  expect(decode(changed)).toBeUndefined();
});

test('a file with a hole in its scan, which others may mend, is left to them', () => {
  const file = fixture('jpeg/half-across.jpg');
  const begin = beginOf(file) + 100;
  const holed = new Uint8Array([...file.subarray(0, begin), ...file.subarray(begin + 200)]);
  for (const eighths of [2, 4, 8] as const) expect(tryDecode(holed, eighths)).toBeUndefined();
});

test('a broken file gives nothing or a picture of its size, and the next file is decoded as ever', () => {
  const [whole, restarts] = [fixture('jpeg/half-across.jpg'), fixture('jpeg/restarts.jpg')];
  const gray = fixture('jpeg/gray-restarts.jpg');
  const scans = PROGRESSIVE_FIXTURES.map(fixture);
  const right = [whole, ...scans].map((file) => digest(decode(file)));
  fc.assert(
    fc.property(
      fc.constantFrom(whole, restarts, gray, ...scans),
      fc.array(fc.tuple(fc.nat(6000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(2, 4, 8),
      (file, changes, eighths) => {
        const broken = file.slice();
        for (const [at, value] of changes) broken[at % broken.length] = value;
        const scan = readJpeg(broken);
        const pixels = tryDecode(broken, eighths);
        if (pixels instanceof Uint8Array && scan) {
          const { width, height } = partOf(scan, eighths);
          expect(pixels.length).toBe(width * height * 3);
        }
        expect([whole, ...scans].map((one) => digest(decode(one)))).toEqual(right);
      },
    ),
    { numRuns: 1000 },
  );
});
