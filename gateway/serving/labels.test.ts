import { describe, expect, it } from 'vitest';
import { effectiveLabels, stableOf } from './labels.ts';
import { EMPTY_MODEL, type ModelState } from './state.ts';

const canary = (version: number) => ({
  version,
  share: 0.1,
  shadow: 0,
  limits: { minRequests: 1, windowMs: 1000 },
  startedAt: 0,
});
const model = (more: Partial<ModelState> = {}): ModelState => ({ ...EMPTY_MODEL, ...more });

describe('stable', () => {
  it('follows the newest available version until it is pinned', () => {
    expect(stableOf(model(), [1, 2, 3], [])).toBe(3);
    expect(stableOf(model({ labels: { stable: 2 } }), [1, 2, 3], [])).toBe(2);
    expect(stableOf(model(), [], [4])).toBeUndefined();
  });

  it('never is the canary, also when that is the newest or the only one', () => {
    expect(stableOf(model({ canary: canary(3) }), [1, 2, 3], [])).toBe(2);
    expect(stableOf(model({ canary: canary(3) }), [3], [])).toBeUndefined();
  });

  it('falls to the newest when its pinned version failed or went', () => {
    expect(stableOf(model({ labels: { stable: 2 } }), [1, 3], [])).toBe(3);
  });

  it('names no newer version while its pinned one is on its way: a start serves nothing that was rolled back', () => {
    expect(stableOf(model({ labels: { stable: 2 } }), [3], [2])).toBeUndefined();
    expect(stableOf(model({ labels: { stable: 2 } }), [1, 3], [2])).toBe(1);
  });
});

it('a label names only what is available', () => {
  const given = model({ labels: { stable: 2, beta: 1, constructor: 3 }, canary: canary(4) });
  expect(effectiveLabels(given, [1, 2, 3, 4], [])).toEqual({ stable: 2, beta: 1, constructor: 3, canary: 4 });
  expect(effectiveLabels(given, [2], [1])).toEqual({ stable: 2 });
});
