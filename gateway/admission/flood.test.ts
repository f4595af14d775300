import { expect, test } from 'vitest';
import { Flood } from './flood.ts';

test('of each kind the first ten in a second are told, then those of the next with how many were not', () => {
  let now = 500;
  const flood = new Flood<'full' | 'late'>(() => now);
  const told = (kind: 'full' | 'late', times: number) => Array.from({ length: times }, () => flood.tell(kind));
  expect(told('full', 10)).toEqual(Array(10).fill(0));
  now += 999;
  expect(told('full', 3)).toEqual(Array(3).fill(undefined));
  expect(told('late', 1)).toEqual([0]);
  now += 1;
  expect(told('full', 2)).toEqual([3, 0]);
});
