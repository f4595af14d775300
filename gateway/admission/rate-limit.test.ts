import { expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { fullBucket, takeToken } from './bucket.ts';
import { RateLimit } from './rate-limit.ts';

const rate = { perSecond: 2, burst: 3 };

function limitOf(maxClients = 10) {
  let time = 0;
  const limit = new RateLimit({ rate, now: () => time, maxClients });
  const ask = (key: string) => {
    try {
      limit.take(key);
      return 0;
    } catch (error) {
      if (error instanceof TwinlensError && error.code === 'RATE_LIMITED') return error.retryAfterMs;
      throw error;
    }
  };
  return {
    limit,
    ask,
    pass: (ms: number) => {
      time += ms;
    },
  };
}

test('a burst, then as many a second as the rate says; who is refused is told when to come back', () => {
  const { ask, pass } = limitOf();
  expect([ask('a'), ask('a'), ask('a'), ask('a')]).toEqual([0, 0, 0, 500]);
  pass(499);
  expect(ask('a')).toBe(1);
  pass(1);
  expect([ask('a'), ask('a')]).toEqual([0, 500]);
});

test('clients have a bucket each, and being refused costs nothing', () => {
  const { ask, pass } = limitOf();
  for (let i = 0; i < 100; i += 1) ask('greedy');
  expect(ask('modest')).toBe(0);
  pass(500);
  expect(ask('greedy')).toBe(0);
});

test('a bucket never holds more than the burst, and a clock that stands still or goes back gives nothing', () => {
  const late = takeToken(fullBucket(rate, 0), rate, 1_000_000);
  expect(late.bucket.tokens).toBe(2);
  expect(takeToken({ tokens: 0, at: 1000 }, rate, 0).waitMs).toBe(500);
});

test('the table is bounded; the one that asked longest ago is forgotten', () => {
  const { limit, ask } = limitOf(2);
  for (let i = 0; i < 4; i += 1) ask('a');
  for (const key of ['b', 'a', 'c']) ask(key);
  expect(limit.size).toBe(2);
  expect(ask('a'), 'is remembered').toBe(500);
});
