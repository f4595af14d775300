import { expect, test } from 'vitest';
import type { InputSpec } from './manifest.ts';
import type { PixelView } from './pixels.ts';
import { prepareRgb } from './resize.ts';
import { enoughEighths } from './sizes.ts';

const shortSide: InputSpec = {
  ...{ name: 'input', layout: 'NCHW', datatype: 'float32', channels: 'RGB', width: 224, height: 224 },
  ...{ scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
  resize: { rule: 'shortest-edge', size: 256, filter: 'bilinear' },
};
const exact: InputSpec = {
  ...shortSide,
  resize: { rule: 'exact', filter: 'bilinear', to: { width: 400, height: 200 } },
};

test.each([
  [500, 375, 8],
  [1400, 1022, 8],
  // Half of 1023 is rounded up to 512, twice the 256 of the resize.
  [1400, 1023, 4],
  [2047, 2040, 4],
  [4032, 3024, 2],
  [3024, 4032, 2],
  [40_000, 1000, 8],
])('of %i x %i pixels a resize to a short side of 256 has enough with %i eighths', (width, height, eighths) => {
  expect(enoughEighths({ width, height }, shortSide)).toBe(eighths);
});

test('a resize to an exact size has enough where both sides have twice its samples', () => {
  expect(enoughEighths({ width: 1600, height: 700 }, exact)).toBe(8);
  expect(enoughEighths({ width: 1600, height: 800 }, exact)).toBe(4);
  expect(enoughEighths({ width: 3200, height: 1600 }, exact)).toBe(2);
});

test('a part of a picture is resized and cropped as the whole picture is', () => {
  // 1500 x 1201 become 319 x 256; a quarter of them, rounded up, would by its own sides become a column narrower.
  const input: InputSpec = { ...shortSide, width: 319, height: 256 };
  const part = { data: new Uint8Array(375 * 301 * 3).fill(200), width: 375, height: 301, channels: 3 } as const;
  const black = (picture: PixelView) =>
    prepareRgb(picture, input).reduce((count, value) => count + (value === 0 ? 1 : 0), 0);
  expect(black({ ...part, full: { width: 1500, height: 1201 } })).toBe(0);
  expect(black(part)).toBe(256 * 3);
});
