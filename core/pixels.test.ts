import { expect, test } from 'vitest';
import { luma, overWhite } from './pixels.ts';

const bytes = Array.from({ length: 256 }, (_, value) => value);

test('alpha over white is the mix of the two, rounded to the nearest', () => {
  for (const alpha of bytes) {
    const mixed = bytes.map((value) => Math.round((value * alpha + 255 * (255 - alpha)) / 255));
    expect(bytes.map((value) => overWhite(value, alpha))).toEqual(mixed);
  }
});

test('no alpha is white, full alpha the colour itself', () => {
  expect(bytes.map((value) => overWhite(value, 0))).toEqual(bytes.map(() => 255));
  expect(bytes.map((value) => overWhite(value, 255))).toEqual(bytes);
});

test('the luma of gray is that gray; green weighs most, blue least', () => {
  expect(bytes.map((value) => luma(value, value, value))).toEqual(bytes);
  expect([luma(255, 0, 0), luma(0, 255, 0), luma(0, 0, 255)]).toEqual([76, 150, 29]);
});
