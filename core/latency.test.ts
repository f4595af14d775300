import { expect, test } from 'vitest';
import { LatencyWindow } from './latency.ts';

test('an empty window has no median', () => {
  expect(new LatencyWindow(3).median()).toBeUndefined();
});

test('keeps only the newest durations', () => {
  const window = new LatencyWindow(3);
  for (const ms of [900, 1, 3, 2]) window.add(ms);
  expect([window.count, window.median(), window.percentile(100)]).toEqual([3, 2, 3]);
});

test('percentiles are of the nearest rank', () => {
  const window = new LatencyWindow(100);
  for (let ms = 100; ms >= 1; ms -= 1) window.add(ms);
  expect([0, 50, 99, 99.5, 100].map((p) => window.percentile(p))).toEqual([1, 50, 99, 100, 100]);
});

test('what is no duration is passed over', () => {
  const window = new LatencyWindow(3);
  for (const ms of [Number.NaN, -1, Number.POSITIVE_INFINITY, 5]) window.add(ms);
  expect([window.count, window.median()]).toEqual([1, 5]);
});
