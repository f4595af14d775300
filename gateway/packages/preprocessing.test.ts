import { expect, test } from 'vitest';
import { PRESETS } from '../../core/admin.ts';
import { normalizeInto } from '../../core/normalize.ts';
import { presetFor } from './preprocessing.ts';

const pixel = (preset: (typeof PRESETS)[number] | undefined, channels: 1 | 3, bytes: readonly number[]) => {
  const input = {
    name: 'x',
    layout: 'NCHW',
    datatype: 'float32',
    ...presetFor(preset, { width: 1, height: 1, channels }),
  };
  const values = new Float32Array(channels);
  normalizeInto(Uint8Array.from(bytes), { ...input, layout: 'NCHW', datatype: 'float32' }, values, 0);
  return [...values].map((value) => Math.round(value * 1000) / 1000);
};

test.each([
  ['torchvision', [(10 / 255 - 0.485) / 0.229, (100 / 255 - 0.456) / 0.224, (200 / 255 - 0.406) / 0.225]],
  ['tensorflow', [10 / 127.5 - 1, 100 / 127.5 - 1, 200 / 127.5 - 1]],
  ['caffe', [200 - 103.939, 100 - 116.779, 10 - 123.68]],
  ['efficientnet-lite', [(10 - 127) / 128, (100 - 127) / 128, (200 - 127) / 128]],
] as const)('%s is computed as its framework does', (preset, expected) => {
  for (const [at, value] of pixel(preset, 3, [10, 100, 200]).entries()) expect(value).toBeCloseTo(expected[at] ?? 0, 2);
});

test.each([
  ['without a preset', undefined, 1],
  ['torchvision', 'torchvision', 1],
  ['tensorflow', 'tensorflow', 1],
  ['caffe', 'caffe', 255],
  ['efficientnet-lite', 'efficientnet-lite', 1],
] as const)('white in one gray channel, %s: the end of the range', (_title, preset, expected) => {
  expect(pixel(preset, 1, [255])).toEqual([expected]);
});

test('colours without a preset are refused, with the choice', () => {
  for (const preset of PRESETS) {
    expect(() => presetFor(undefined, { width: 224, height: 224, channels: 3 })).toThrow(preset);
  }
});

test.each([
  [224, 224, 256],
  [128, 128, 146],
  [299, 299, 342],
  [192, 128, 219],
])('%i x %i: the short side becomes %i, and the crop is always inside', (width, height, size) => {
  expect(presetFor('caffe', { width, height, channels: 3 }).resize).toEqual({
    rule: 'shortest-edge',
    size,
    filter: 'bilinear',
  });
});

test('gray pictures are resized as they are: digits are not cut', () => {
  expect(presetFor(undefined, { width: 28, height: 28, channels: 1 })).toMatchObject({
    channels: 'L',
    resize: { rule: 'exact', filter: 'bilinear' },
  });
});
