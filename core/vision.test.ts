import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inputSchema } from './manifest.ts';
import { normalizeInto, tensorLength } from './normalize.ts';
import type { PixelView } from './pixels.ts';
import { prepareRgb, resizeShortSide } from './resize.ts';
import { softmax, topK } from './scores.ts';

const fixtures = new URL('../test/fixtures/vision/', import.meta.url);
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, fixtures), 'utf8'));
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
  .parse(read('cases.json'));
const scoreCases = z
  .array(
    z.object({
      name: z.string(),
      logits: z.array(z.number()),
      softmax: z.array(z.number()),
      top: z.array(z.object({ index: z.int(), score: z.number() })),
    }),
  )
  .parse(read('scores.json'));

/** The picture that test/fixtures/vision/README.md describes. */
function picture(source: z.infer<typeof sourceSchema>): PixelView {
  const { width, height, channels, seed, pattern } = source;
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
  expect(sha256(data), 'the source picture itself').toBe(source.sha256);
  return { data, width, height, channels };
}

describe("resize and crop are Pillow's to the byte", () => {
  test.each(cases)('$name', ({ source, input, crop, tensor }) => {
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

  test('a picture brought to the short side first gives the same crop as the picture itself', () => {
    const input = cases.find(({ name }) => name === '640x480')?.input;
    if (!input) throw new Error('the fixture 640x480 is gone');
    const source = picture({
      ...(cases.find(({ name }) => name === '640x480')?.source as z.infer<typeof sourceSchema>),
    });
    const short = resizeShortSide(source, 256);
    expect([short.width, short.height]).toEqual([341, 256]);
    expect(sha256(prepareRgb({ ...short, channels: 3 }, input))).toBe(sha256(prepareRgb(source, input)));
  });

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

describe('scores', () => {
  test.each(scoreCases)("softmax and top-k are numpy's: $name", ({ logits, softmax: expected, top }) => {
    const scores = softmax(Float32Array.from(logits));
    for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(expected[i] ?? Number.NaN, 6);
    expect(topK(scores, top.length).map(({ index }) => index)).toEqual(top.map(({ index }) => index));
  });

  test('of equal scores the lower index comes first, at every k', () => {
    const scores = Float32Array.from([0.1, 0.3, 0.3, 0.1, 0.3]);
    expect(topK(scores, 2).map(({ index }) => index)).toEqual([1, 2]);
    expect(topK(scores, 9).map(({ index }) => index)).toEqual([1, 2, 4, 0, 3]);
  });
});
