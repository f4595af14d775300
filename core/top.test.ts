import { expect, test } from 'vitest';
import { DEFAULT_TOP } from './engine.ts';
import { MAX_TOP, predictionsOf } from './top.ts';

test('a request that names no number gets the default, of a smaller model all', () => {
  expect(predictionsOf(undefined, 1000)).toBe(DEFAULT_TOP);
  expect(predictionsOf(undefined, 2)).toBe(2);
});

test('more than the model has classes gives all', () => {
  expect(predictionsOf(12, 3)).toBe(3);
  expect(predictionsOf(MAX_TOP, 1000)).toBe(1000);
  expect(predictionsOf(3, 1000)).toBe(3);
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_TOP + 1])('top %s is INVALID_ARGUMENT', (top) => {
  expect(() => predictionsOf(top, 1000)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
