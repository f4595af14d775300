import { describe, expect, test } from 'vitest';
import { climb, type Split, splitsOf, unmeasuredSplit, usualSplit } from './splits.ts';

const text = ({ instances, threads, decodeOnThreads }: Split) => `${instances}x${threads}${decodeOnThreads ? '+' : ''}`;

describe('splits of a machine', () => {
  test.each([
    [1, 9, '1x1'],
    [2, 9, '2x1 1x2'],
    [3, 9, '3x1 1x3'],
    [6, 9, '6x1 3x2 1x6+'],
    [16, 99, '16x1 8x2 4x4 2x8+ 1x16+'],
  ])('%i processors are shared out so that as few as can be are idle', (cores, most, splits) => {
    expect(splitsOf(cores, most).map(text).join(' ')).toBe(splits);
  });

  test('none has more instances than memory has room for', () => {
    expect(splitsOf(8, 3).map(text)).toEqual(['2x4', '1x8+']);
    expect(splitsOf(2, 1).map(text)).toEqual(['1x2']);
  });

  test.each([
    [2, '2x1'],
    [4, '4x1'],
    [6, '3x2'],
    [16, '4x4'],
  ])('unmeasured, %i processors are shared by 4 instances at most', (cores, split) => {
    expect(text(unmeasuredSplit(splitsOf(cores, 99)))).toBe(split);
  });
});

test('where there is but one, it is that, however many instances it has', () => {
  expect(text(unmeasuredSplit([usualSplit(8, 1)]))).toBe('8x1');
});

describe('the climb', () => {
  const splits = splitsOf(16, 99);
  /** From four instances on, where pictures a second are as given. */
  async function climbed(speeds: Readonly<Record<string, number>>) {
    const tried: string[] = [];
    const speed = (split: Split) => speeds[text(split)] ?? 0;
    const best = await climb(splits, unmeasuredSplit(splits), async (next, before) => {
      tried.push(text(next));
      return speed(next) > speed(before);
    });
    return { best: text(best), tried };
  }

  test('goes on in a direction as long as it wins, and tries no other one then', async () => {
    expect(await climbed({ '4x4': 1, '8x2': 2, '16x1': 3 })).toEqual({ best: '16x1', tried: ['8x2', '16x1'] });
    const fewer = { best: '2x8+', tried: ['8x2', '2x8+', '1x16+', '2x8'] };
    expect(await climbed({ '4x4': 1, '2x8+': 2, '1x16+': 1 })).toEqual(fewer);
  });

  test('decodes the other way where that wins, but not with one processor an instance', async () => {
    const stayed = { best: '4x4+', tried: ['8x2', '2x8+', '4x4+'] };
    expect(await climbed({ '4x4': 1, '4x4+': 2 })).toEqual(stayed);
  });

  test('begins where as many instances stand, whatever way they decode', async () => {
    const tried: string[] = [];
    await climb(splits, { ...usualSplit(2, 8), decodeOnThreads: false }, async (next) => {
      tried.push(text(next));
      return false;
    });
    expect(tried).toEqual(['4x4', '1x16+', '2x8+']);
  });
});
