import { describe, expect, it } from 'vitest';
import type { CanaryLimits } from '../../core/admin.ts';
import { CanaryWatch, judge, type Seen } from './canary-watch.ts';

const LIMITS: CanaryLimits = {
  minRequests: 10,
  windowMs: 60_000,
  maxErrorRate: 0.1,
  maxP99Ms: 100,
  maxDisagreement: 0.3,
};

function seen(more: {
  requests?: number;
  errors?: number;
  p99Ms?: number;
  shadowed?: number;
  disagreed?: number;
}): Seen {
  const { requests = 0, errors = 0, p99Ms, shadowed = 0, disagreed = 0 } = more;
  const nothing = { windowMs: 60_000, requests: 0, errors: 0 };
  return { canary: { windowMs: 60_000, requests, errors, p99Ms }, stable: nothing, shadowed, disagreed };
}

describe('a canary is rolled back', () => {
  it.each([
    ['for its errors', { requests: 10, errors: 2 }, /2 of its 10 requests failed/],
    ['for its p99', { requests: 10, p99Ms: 101 }, /p99 is 101 ms/],
    ['for disagreeing', { shadowed: 10, disagreed: 4 }, /disagreed with stable on 4 of 10/],
  ] as const)('%s', (_, figures, words) => {
    expect(judge(seen(figures), LIMITS)).toMatch(words);
  });

  it.each([
    ['at a limit, only beyond', { requests: 10, errors: 1, p99Ms: 100, shadowed: 10, disagreed: 3 }],
    ['on too few requests', { requests: 9, errors: 9, p99Ms: 9999 }],
    ['on too few comparisons', { requests: 100, shadowed: 9, disagreed: 9 }],
  ] as const)('not %s', (_, figures) => {
    expect(judge(seen(figures), LIMITS)).toBeUndefined();
  });

  it('not by a limit that is not set', () => {
    const figures = { requests: 10, errors: 10, p99Ms: 9999, shadowed: 10, disagreed: 10 };
    expect(judge(seen(figures), { minRequests: 10, windowMs: 60_000 })).toBeUndefined();
  });
});

it('what was seen before the window counts no more', () => {
  let now = 0;
  const watch = new CanaryWatch(60_000, () => now);
  for (let at = 0; at < 20; at += 1) watch.ended('canary', undefined, true);
  for (let at = 0; at < 20; at += 1) watch.compared(false);
  watch.ended('stable', 5, false);
  expect(watch.seen).toMatchObject({
    canary: { requests: 20, errors: 20 },
    stable: { requests: 1 },
    shadowed: 20,
    disagreed: 20,
  });
  now = 61_000;
  expect(judge(watch.seen, LIMITS)).toBeUndefined();
  expect(watch.seen).toMatchObject({ canary: { requests: 0 }, stable: { requests: 0 }, shadowed: 0, disagreed: 0 });
});
