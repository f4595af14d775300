/** The kernel equals plain JavaScript, the passes and the normalising, to the byte, whatever the picture. */
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createKernel, type Kernel, threadKernel } from './kernel.ts';
import type { InputSpec } from './manifest.ts';
import { normalizeWith, tensorLength } from './normalize.ts';
import { runPasses } from './picture-passes.ts';
import type { FlatPixels, PixelView } from './pixels.ts';
import { axisWeights } from './resample.ts';
import { prepareRgbWith } from './resize.ts';
import { runInStrips } from './strips.ts';

function kernelHere(): Kernel {
  const kernel = createKernel();
  if (!kernel) throw new Error('this Node has no WebAssembly SIMD');
  return kernel;
}

const kernel = kernelHere();
const filters = fc.constantFrom('bilinear', 'bicubic', 'lanczos');

/** Black and white, so that filters overshoot, or every value. */
function bytesOf(length: number, seed: number, hard: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) {
    const value = (Math.imul(Math.imul(i + seed, 0x9e3779b1) ^ (i >>> 3), 0x85ebca6b) >>> 24) & 255;
    bytes[i] = hard ? (value & 1) * 255 : value;
  }
  return bytes;
}

const side = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400 }));
const pictures = fc
  .record({
    width: side,
    height: side,
    channels: fc.constantFrom<3 | 4>(3, 4),
    seed: fc.nat(1_000_000),
    hard: fc.boolean(),
    alpha: fc.constantFrom('opaque', 'any', 'none'),
  })
  .map(({ width, height, channels, seed, hard, alpha }): PixelView => {
    // Not at the beginning of its buffer: what a runtime hands out rarely is.
    const data = bytesOf(width * height * channels + 5, seed, hard).subarray(5);
    if (channels === 4 && alpha !== 'any') {
      for (let i = 3; i < data.length; i += 4) data[i] = alpha === 'opaque' ? 255 : 0;
    }
    return { data, width, height, channels };
  });

const models = fc
  .record({
    width: fc.integer({ min: 1, max: 120 }),
    height: fc.integer({ min: 1, max: 120 }),
    channels: fc.constantFrom('RGB', 'BGR', 'L'),
    cropRounding: fc.constantFrom('half-even', 'down'),
    filter: filters,
    size: fc.option(fc.integer({ min: 1, max: 160 })),
  })
  .map(
    ({ filter, size, cropRounding, ...shape }): InputSpec => ({
      ...{ name: 'input', layout: 'NCHW', datatype: 'float32', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
      ...shape,
      ...(cropRounding === 'down' ? { cropRounding } : {}),
      resize: size === null ? { rule: 'exact', filter } : { rule: 'shortest-edge', size, filter },
    }),
  );

describe('the kernel gives the bytes of the passes', () => {
  test('for every size, crop, filter, number of channels and alpha', () => {
    fc.assert(
      fc.property(pictures, models, (picture, input) => {
        const expected = prepareRgbWith(undefined, picture, input);
        expect(Buffer.compare(prepareRgbWith(kernel, picture, input), expected)).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  /** Any window of a picture brought to any size, without a fallback that would hide the kernel. */
  const windows = fc
    .record({
      from: side,
      to: fc.integer({ min: 1, max: 300 }),
      at: fc.nat(1000),
      length: fc.nat(1000),
      filter: filters,
    })
    .map(({ from, to, at, length, filter }) => {
      const begin = at % to;
      return { from, begin, axis: axisWeights(filter, from, to, begin, 1 + (length % (to - begin))) };
    });

  test('for every window, whichever pass goes first, and never by falling back', () => {
    fc.assert(
      fc.property(windows, windows, fc.constantFrom<1 | 3>(1, 3), fc.boolean(), (x, y, channels, verticalFirst) => {
        const data = bytesOf(x.from * y.from * channels, x.from, false);
        const passes = {
          axisX: x.axis,
          axisY: y.axis,
          verticalFirst,
          window: { left: x.begin, top: y.begin, columns: x.axis.first.length, rows: y.axis.first.length },
        };
        const flat: FlatPixels = { data, channels };
        const quick = runInStrips(kernel, flat, x.from, passes);
        expect(quick && Buffer.compare(quick, runPasses(flat, x.from, passes))).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['wide', 6000, 40, 3],
    ['tall', 40, 6000, 3],
    ['tall with alpha', 90, 4000, 4],
    ['a strip that no memory would hold whole', 20_000, 64, 4],
    ['a single column', 1, 3000, 3],
    ['a single row', 3000, 1, 4],
  ] as const)('for extreme shapes: %s', (_title, width, height, channels) => {
    const picture: PixelView = { data: bytesOf(width * height * channels, 7, false), width, height, channels };
    for (const filter of ['bilinear', 'bicubic', 'lanczos'] as const) {
      for (const resize of [{ rule: 'exact', filter } as const, { rule: 'shortest-edge', size: 40, filter } as const]) {
        const input = { ...model, resize };
        const expected = prepareRgbWith(undefined, picture, input);
        expect(Buffer.compare(prepareRgbWith(kernel, picture, input), expected)).toBe(0);
      }
    }
  });
});

describe('the kernel gives the values of plain JavaScript', () => {
  const inputs = fc
    .record({
      width: fc.integer({ min: 1, max: 90 }),
      height: fc.integer({ min: 1, max: 90 }),
      channels: fc.constantFrom('RGB', 'BGR', 'L'),
      layout: fc.constantFrom('NCHW', 'NHWC'),
      scale: fc.constantFrom(1, 1 / 255),
      mean: fc.tuple(fc.double({ min: -2, max: 2 }), fc.double({ min: -2, max: 2 }), fc.double({ min: -2, max: 2 })),
    })
    .map(
      ({ mean, ...shape }): InputSpec => ({
        ...{ name: 'input', datatype: 'float32', resize: { rule: 'exact', filter: 'bilinear' } },
        ...shape,
        mean: shape.channels === 'L' ? [mean[0]] : mean,
        std: shape.channels === 'L' ? [0.5] : [0.229, 0.224, 0.225],
      }),
    );

  test('to the bit, for every size, order of channels and layout, and touches nothing beside its place', () => {
    fc.assert(
      fc.property(inputs, fc.nat(1000), fc.nat(20), (input, seed, offset) => {
        const length = tensorLength(input);
        const prepared = bytesOf(length + 3, seed, false).subarray(3);
        const valuesBy = (by: Kernel | undefined) => {
          const target = new Float32Array(offset + length + 20).fill(7);
          normalizeWith(by, prepared, input, target, offset);
          return Buffer.from(target.buffer);
        };
        expect(valuesBy(kernel).equals(valuesBy(undefined))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

const model: InputSpec = {
  ...{ name: 'input', layout: 'NCHW', datatype: 'float32', channels: 'RGB', width: 32, height: 24 },
  ...{ scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
  resize: { rule: 'exact', filter: 'bilinear' },
};

describe('where the kernel can not work', () => {
  const picture: PixelView = { data: bytesOf(50 * 40 * 3, 1, false), width: 50, height: 40, channels: 3 };
  afterEach(() => vi.unstubAllGlobals());

  test('an axis too long for its memory is left to the passes', () => {
    const long: PixelView = { data: bytesOf(400_000 * 3, 1, false), width: 400_000, height: 1, channels: 3 };
    const passes = {
      axisX: axisWeights('bilinear', 400_000, 32, 0, 32),
      axisY: undefined,
      verticalFirst: false,
      window: { left: 0, top: 0, columns: 32, rows: 1 },
    };
    expect(runInStrips(kernel, { data: long.data, channels: 3 }, long.width, passes)).toBeUndefined();
    expect(prepareRgbWith(kernel, long, model)).toEqual(prepareRgbWith(undefined, long, model));
  });

  test.each([
    ['no WebAssembly', undefined],
    ['no SIMD', { ...WebAssembly, validate: () => false }],
  ])('a platform with %s has none, and the passes answer', (_title, global) => {
    vi.stubGlobal('WebAssembly', global);
    expect(createKernel()).toBeUndefined();
    expect(prepareRgbWith(createKernel(), picture, model)).toEqual(prepareRgbWith(kernel, picture, model));
  });

  test('a memory that is refused is no error', async () => {
    class Memory {
      constructor() {
        throw new RangeError('could not allocate memory');
      }
    }
    vi.resetModules();
    vi.stubGlobal('WebAssembly', { validate: WebAssembly.validate, Memory });
    const fresh = await import('./kernel.ts');
    expect(fresh.threadKernel()).toBeUndefined();
  });

  test('a thread has one kernel', () => {
    expect(threadKernel()).toBeDefined();
    expect(threadKernel()).toBe(threadKernel());
  });
});
