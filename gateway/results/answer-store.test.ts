import { describe, expect, test } from 'vitest';
import { classification } from '../../test/support/classification.ts';
import { AnswerStore, MOST_PREDICTIONS } from './answer-store.ts';

const answer = classification();
const filled = (keys: string, options: { entries: number; ttlMs?: number }) => {
  const store = new AnswerStore({ ttlMs: 0, ...options });
  for (const key of keys) store.set(key, 'm@1', answer, 0);
  return store;
};

describe('kept answers', () => {
  test('beyond the bound, the one that was used longest ago leaves', () => {
    const store = filled('abc', { entries: 3 });
    store.get('a', 0);
    store.set('d', 'm@1', answer, 0);
    expect(['a', 'b', 'c', 'd'].map((key) => store.get(key, 0) !== undefined)).toEqual([true, false, true, true]);
    expect(store.size).toBe(3);
  });

  test('an answer that came anew is young again', () => {
    const store = filled('aba', { entries: 2 });
    store.set('c', 'm@1', answer, 0);
    expect(store.get('a', 0)).toBe(answer);
    expect(store.get('b', 0)).toBeUndefined();
  });

  test('one that is as old as its time is gone, however often it was used', () => {
    const store = filled('a', { entries: 2, ttlMs: 100 });
    expect(store.get('a', 99)).toBe(answer);
    expect(store.get('a', 100)).toBeUndefined();
    expect(store.size).toBe(0);
  });

  test('without a time to live, an answer stays', () => {
    expect(filled('a', { entries: 2 }).get('a', 1e12)).toBe(answer);
  });

  test('those of one version are forgotten, and no others', () => {
    const store = filled('a', { entries: 3 });
    store.set('b', 'm@10', answer, 0);
    store.forget('m@1');
    expect([store.get('a', 0), store.get('b', 0)]).toEqual([undefined, answer]);
  });

  test('an answer with very many predictions is not worth its place', () => {
    const predictions = (length: number) => Array.from({ length }, (_, index) => ({ label: 'x', index, score: 0 }));
    const store = filled('', { entries: 3 });
    store.set('a', 'm@1', classification({ predictions: predictions(MOST_PREDICTIONS) }), 0);
    store.set('b', 'm@1', classification({ predictions: predictions(MOST_PREDICTIONS + 1) }), 0);
    expect([store.get('a', 0) !== undefined, store.get('b', 0)]).toEqual([true, undefined]);
  });
});
