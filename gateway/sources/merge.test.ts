import { describe, expect, it } from 'vitest';
import { mergeAspired } from './merge.ts';
import type { Aspired, SourceSnapshot } from './source.ts';

const snapshot = (source: string, ...versions: readonly (readonly [string, number])[]): SourceSnapshot => ({
  aspired: versions.map(
    ([name, version]): Aspired => ({
      name,
      version,
      source,
      fingerprint: '',
      manifest: undefined,
      irremovable: undefined,
      fetch: () => Promise.reject(new Error('not in this test')),
    }),
  ),
  status: { name: source, kind: 'folder', location: source, checking: false, refused: [], offers: [] },
});

describe('mergeAspired', () => {
  it('has every version of every source', () => {
    const { aspired, refused } = mergeAspired([snapshot('a', ['x', 1], ['x', 2]), snapshot('b', ['y', 1])]);
    expect(aspired.map(({ source, name, version }) => `${source} ${name}@${version}`)).toEqual([
      'a x@1',
      'a x@2',
      'b y@1',
    ]);
    expect(refused).toEqual([]);
  });

  it('gives a version that two sources have to the first, and tells the other why', () => {
    const { aspired, refused } = mergeAspired([snapshot('a', ['x', 1]), snapshot('b', ['x', 1], ['x', 2])]);
    expect(aspired.map(({ source, version }) => [source, version])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(refused).toEqual([
      { source: 'b', what: 'x@1', reason: expect.stringContaining('The source a has x@1 already') },
    ]);
  });
});
