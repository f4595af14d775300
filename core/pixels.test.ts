import { expect, test } from 'vitest';
import { luma, overWhite, rawPixels } from './pixels.ts';

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

test('raw pixels are taken as they are', () => {
  const data = new Uint8Array(24);
  expect(rawPixels({ encoding: 'rgba8', width: 3, height: 2, data }, 6)).toEqual({
    data,
    width: 3,
    height: 2,
    channels: 4,
  });
});

test.each([
  ['a fraction of a pixel', 1.5, 2, 9, 'INVALID_ARGUMENT'],
  ['no number', Number.NaN, 2, 0, 'INVALID_ARGUMENT'],
  ['no pixels', 0, 2, 0, 'INVALID_ARGUMENT'],
  ['less than none', -2, -2, 12, 'INVALID_ARGUMENT'],
  ['a byte too few', 2, 2, 11, 'INVALID_ARGUMENT'],
  ['a byte too many', 2, 2, 13, 'INVALID_ARGUMENT'],
  ['more pixels than allowed, whatever the bytes', 60_000, 60_000, 3, 'PAYLOAD_TOO_LARGE'],
] as const)('raw pixels are refused: %s', (_title, width, height, bytesSent, code) => {
  const data = new Uint8Array(bytesSent);
  expect(() => rawPixels({ encoding: 'rgb8', width, height, data }, 100)).toThrowError(
    expect.objectContaining({ code }),
  );
});
