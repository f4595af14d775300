import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { threadKernel } from './kernel.ts';
import { type InputSpec, inputSchema } from './manifest.ts';
import { normalizeInto, tensorLength } from './normalize.ts';
import type { PixelView } from './pixels.ts';
import { prepareRgb, prepareRgbWith, resizeShortSide } from './resize.ts';

const fixtures = new URL('../test/fixtures/vision/', import.meta.url);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const sourceSchema = z.object({
  width: z.int(),
  height: z.int(),
  channels: z.union([z.literal(3), z.literal(4)]),
  seed: z.int(),
  pattern: z.enum(['noise', 'mix']),
  sha256: z.string(),
});
const cases = z
  .array(
    z.object({
      name: z.string(),
      source: sourceSchema,
      input: inputSchema,
      crop: z.object({ sha256: z.string(), file: z.string().optional() }),
      tensor: z.object({ length: z.int(), sha256: z.string() }).optional(),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('cases.json', fixtures), 'utf8')));
/** The picture that test/fixtures/vision/README.md describes. */
function draw({ width, height, channels, seed, pattern }: Omit<z.infer<typeof sourceSchema>, 'sha256'>): PixelView {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i += 1) {
    let h = Math.imul(i + seed, 0x9e3779b1) >>> 0;
    h = (h ^ (h >>> 15)) >>> 0;
    h = Math.imul(h, 0x85ebca6b) >>> 0;
    h = (h ^ (h >>> 13)) >>> 0;
    const x = i % width;
    const y = Math.floor(i / width);
    const smooth = [
      Math.floor((x * 255) / Math.max(width - 1, 1)),
      Math.floor((y * 255) / Math.max(height - 1, 1)),
      Math.floor(((x + y) * 255) / Math.max(width + height - 2, 1)),
      255,
    ];
    for (let c = 0; c < channels; c += 1) {
      const noise = (h >>> (8 * c)) & 255;
      data[i * channels + c] = pattern === 'noise' ? noise : Math.floor((3 * (smooth[c] ?? 0) + noise) / 4);
    }
  }
  return { data, width, height, channels };
}

function picture(source: z.infer<typeof sourceSchema>): PixelView {
  const drawn = draw(source);
  expect(createHash('sha256').update(drawn.data).digest('hex'), 'the source picture itself').toBe(source.sha256);
  return drawn;
}

const noise = { channels: 3, pattern: 'noise' } as const;
const mix = { channels: 3, pattern: 'mix' } as const;
const exact = (width: number, height: number, channels: InputSpec['channels'] = 'RGB') =>
  ({ width, height, channels, resize: { rule: 'exact', filter: 'bilinear' } }) as const;
const shortest = (side: number, size: number) =>
  ({
    width: side,
    height: side,
    channels: 'RGB',
    resize: { rule: 'shortest-edge', size, filter: 'bilinear' },
  }) as const;

/** sha256 of what make.py's own `source`, `decoded` and `prepared` give with Pillow 13.0.0. */
const tall = [
  {
    name: 'twice as tall as wide',
    source: { width: 700, height: 1500, seed: 5000, ...mix },
    input: shortest(224, 256),
    sha256: '0aa2a8398f2e1eb9f5d5ef699191569627cb7312e66b42968f121e0f51c9d1b5',
  },
  {
    name: 'a telephone screen with alpha',
    source: { width: 1080, height: 2400, seed: 5017, channels: 4, pattern: 'noise' },
    input: shortest(224, 256),
    sha256: 'ba30f063c24b702a28d99f384dd7a50f72698d461fd8582c80e15c0a3c579561',
  },
  {
    name: 'small',
    source: { width: 100, height: 400, seed: 5034, ...mix },
    input: shortest(32, 36),
    sha256: '437a51f5c7b596c01576c143e3f0a810e4f14eae0aa6513e7da20973aebba6f7',
  },
  {
    name: 'luma that grows in width',
    source: { width: 8, height: 1721, seed: 5051, ...mix },
    input: exact(251, 90, 'L'),
    sha256: '87110a65c8edc204cb88f9d772c4cf42c7faf6d2d7b2a5be0259eae01e6b4b80',
  },
  {
    name: 'one row more than twice the columns',
    source: { width: 60, height: 121, seed: 5068, ...noise },
    input: exact(40, 80),
    sha256: '6715f7eefba6dac7c50ca9b5e3ae73349e870a84083fdf9b16199988b3e5a99c',
  },
  {
    name: 'just twice the columns: horizontal first',
    source: { width: 60, height: 120, seed: 5085, ...noise },
    input: exact(40, 80),
    sha256: 'ffb56620a71285da99d63f14427871270b20ab6edeffe8408ed38c723b2e1bb1',
  },
  {
    name: 'one pass only',
    source: { width: 40, height: 300, seed: 5102, ...noise },
    input: exact(40, 30),
    sha256: '3aa28864fd843692ee2867ea40fc18fbeb798445d6edda0b375d5a0ab8606213',
  },
] as const;

/** An input as the manifest gives it; only its shape and its resize matter here. */
const inputOf = (part: Pick<InputSpec, 'width' | 'height' | 'channels' | 'resize'>): InputSpec => ({
  name: 'input',
  layout: 'NCHW',
  datatype: 'float32',
  scale: 1,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  ...part,
});

describe("resize and crop are Pillow's to the byte", () => {
  /** The passes in plain JavaScript are what a platform without WebAssembly SIMD runs. */
  test.each(cases)('by the passes: $name', ({ source, input, crop }) => {
    expect(sha256(prepareRgbWith(undefined, picture(source), input))).toBe(crop.sha256);
  });

  test.each(cases)('by the kernel: $name', ({ source, input, crop, tensor }) => {
    expect(threadKernel(), 'this platform has WebAssembly SIMD').toBeDefined();
    const prepared = prepareRgb(picture(source), input);
    if (crop.file) expect(Buffer.compare(prepared, readFileSync(new URL(crop.file, fixtures)))).toBe(0);
    expect(sha256(prepared)).toBe(crop.sha256);
    if (!tensor) return;
    expect(tensorLength(input)).toBe(tensor.length);
    const values = new Float32Array(tensor.length + 2);
    normalizeInto(prepared, input, values, 1);
    expect(sha256(new Uint8Array(values.buffer, 4, tensor.length * 4)), 'normalised values').toBe(tensor.sha256);
    expect([values[0], values.at(-1)], 'nothing is written outside its place').toEqual([0, 0]);
  });

  test.each(tall)('where Pillow 13 takes the vertical pass first: $name', ({ source, input, sha256: expected }) => {
    for (const kernel of [threadKernel(), undefined]) {
      expect(sha256(prepareRgbWith(kernel, draw(source), inputOf(input)))).toBe(expected);
    }
  });

  test('a strip whose resized picture would have 100 million pixels costs no more than its crop', () => {
    const strip = { data: new Uint8Array(5000 * 3 * 3).fill(77), width: 5000, height: 3, channels: 3 } as const;
    expect(prepareRgb(strip, inputOf(shortest(224, 256))).every((value) => value === 77)).toBe(true);
    expect(() => resizeShortSide(strip, 256)).toThrow(/too long and thin/);
  });

  test.each([
    [5_000_000, 1],
    [1, 5_000_000],
  ])('weights whose rounding adds up to more than one are clipped: %i x %i', (width, height) => {
    const white = { data: new Uint8Array(width * height * 3).fill(255), width, height, channels: 3 } as const;
    expect([...prepareRgb(white, inputOf(exact(1, 1)))]).toEqual([255, 255, 255]);
  });

  test.each([
    ['too few bytes', 4, 4, 47],
    ['too many bytes', 4, 4, 49],
    ['no columns', 0, 4, 0],
    ['half a column', 0.5, 4, 6],
    ['negative sizes', -4, -4, 48],
    ['NaN', Number.NaN, 4, 48],
  ])('a picture is refused: %s', (_title, width, height, bytes) => {
    const broken = { data: new Uint8Array(bytes), width, height, channels: 3 } as const;
    for (const attempt of [() => prepareRgb(broken, inputOf(exact(2, 2))), () => resizeShortSide(broken, 2)]) {
      expect(attempt).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
  });

  test.each(['bilinear', 'bicubic', 'lanczos'] as const)(
    'a picture brought to the short side first gives the same crop as the picture itself: %s',
    (filter) => {
      const { source, input } = cases.find(({ name }) => name === '640x480') ?? {};
      if (!source || !input) throw new Error('the fixture 640x480 is gone');
      const model: InputSpec = { ...input, resize: { rule: 'shortest-edge', size: 256, filter } };
      const short = resizeShortSide(picture(source), 256, filter);
      expect([short.width, short.height]).toEqual([341, 256]);
      expect(sha256(prepareRgb({ ...short, channels: 3 }, model))).toBe(sha256(prepareRgb(picture(source), model)));
    },
  );

  test('a target is filled, also where the crop is larger than the picture', () => {
    const input = cases.find(({ name }) => name === '20x30')?.input;
    if (!input) throw new Error('the fixture 20x30 is gone');
    const small = {
      ...input,
      width: 8,
      height: 8,
      resize: { rule: 'shortest-edge', size: 4, filter: 'bilinear' },
    } as const;
    const target = new Uint8Array(8 * 8 * 3).fill(9);
    const white = new Uint8Array(4 * 4 * 3).fill(255);
    expect(prepareRgb({ data: white, width: 4, height: 4, channels: 3 }, small, target)).toBe(target);
    expect(target.filter((value) => value === 255)).toHaveLength(4 * 4 * 3);
    expect(target.filter((value) => value === 0)).toHaveLength((64 - 16) * 3);
    expect(target[(2 * 8 + 2) * 3]).toBe(255);
  });
});
