import { expect, test } from 'vitest';
import { isSampled } from './sampling.ts';

const ids = Array.from({ length: 2000 }, (_, i) => `session/${i}`);

test('all are told at 1, none at 0', () => {
  expect(ids.every((id) => isSampled(id, 1))).toBe(true);
  expect(ids.some((id) => isSampled(id, 0))).toBe(false);
});

test('about the share is told, the same ones each time, and a greater share has them too', () => {
  const told = ids.filter((id) => isSampled(id, 0.25));
  expect(told.length).toBeGreaterThan(400);
  expect(told.length).toBeLessThan(600);
  expect(ids.filter((id) => isSampled(id, 0.25))).toEqual(told);
  expect(told.every((id) => isSampled(id, 0.5))).toBe(true);
});
