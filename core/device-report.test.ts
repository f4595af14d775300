import { describe, expect, test } from 'vitest';
import { bucketOf, DEVICE_BOUNDS, type DeviceTiming, deviceReportSchema, representatives } from './device-report.ts';

const counts = (...pairs: (readonly [bucket: number, count: number])[]): number[] => {
  const all = new Array<number>(DEVICE_BOUNDS.length + 1).fill(0);
  for (const [bucket, count] of pairs) all[bucket] = count;
  return all;
};
const timing = (more: Partial<DeviceTiming> = {}): DeviceTiming => ({
  provider: 'wasm',
  counts: counts([3, 10]),
  seconds: 0.4,
  ...more,
});
const accepts = (value: unknown) => deviceReportSchema.safeParse(value).success;

describe('a report', () => {
  test('is a few bounded numbers by provider', () => {
    expect(accepts({ timings: [timing(), timing({ provider: 'webgpu' })] })).toBe(true);
  });

  test.each<[string, unknown]>([
    ['nothing', { timings: [] }],
    ['a provider that browsers have not', { timings: [{ ...timing(), provider: 'cpu' }] }],
    ['a provider of its own', { timings: [{ ...timing(), provider: 'mine' }] }],
    ['a provider twice', { timings: [timing(), timing()] }],
    ['another number of buckets', { timings: [{ ...timing(), counts: [1, 2] }] }],
    ['a negative count', { timings: [timing({ counts: counts([0, -1]) })] }],
    ['half an answer', { timings: [timing({ counts: counts([0, 0.5]) })] }],
    ['more answers than a page can give', { timings: [timing({ counts: counts([0, 6000], [1, 6000]) })] }],
    ['endless seconds', { timings: [timing({ seconds: 1e12 })] }],
    ['anything else', { timings: [{ ...timing(), user: 'me' }] }],
    ['anything else at the top', { timings: [timing()], page: '/' }],
  ])('has no room for %s', (_what, value) => {
    expect(accepts(value)).toBe(false);
  });
});

describe('the durations that stand for a bucket', () => {
  test('add up to what was measured, each inside its bucket', () => {
    const given = timing({ counts: counts([2, 4], [5, 1]), seconds: 0.2 + 4 * 0.02 });
    const each = representatives(given);
    const sum = each.reduce((all, seconds, i) => all + seconds * (given.counts[i] ?? 0), 0);
    expect(sum).toBeCloseTo(given.seconds, 9);
    for (const [i, seconds] of each.entries()) expect(bucketOf(seconds)).toBe(i);
  });

  test.each([0, 600_000])('stay in their buckets whatever sum is claimed: %d', (seconds) => {
    const each = representatives(timing({ counts: counts([3, 10], [11, 2]), seconds }));
    for (const [i, one] of each.entries()) expect(bucketOf(one)).toBe(i);
  });

  test('are finite for no answers at all', () => {
    expect(representatives(timing({ counts: counts() })).every(Number.isFinite)).toBe(true);
  });
});
