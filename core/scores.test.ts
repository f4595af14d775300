import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { OutputSpec } from './manifest.ts';
import { probabilities, softmax, toPredictions, topK } from './scores.ts';

const scoreCases = z
  .array(
    z.object({
      name: z.string(),
      logits: z.array(z.number()),
      softmax: z.array(z.number()),
      top: z.array(z.object({ index: z.int(), score: z.number() })),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('../test/fixtures/vision/scores.json', import.meta.url), 'utf8')));

describe('scores', () => {
  test.each(scoreCases)("softmax and top-k are numpy's: $name", ({ logits, softmax: expected, top }) => {
    const scores = softmax(Float32Array.from(logits));
    for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(expected[i] ?? Number.NaN, 6);
    expect(topK(scores, top.length).map(({ index }) => index)).toEqual(top.map(({ index }) => index));
  });

  test('of equal scores the lower index comes first, at every k', () => {
    const scores = Float32Array.from([0.1, 0.3, 0.3, 0.1, 0.3]);
    expect(topK(scores, 2).map(({ index }) => index)).toEqual([1, 2]);
    expect(topK(scores, 9).map(({ index }) => index)).toEqual([1, 2, 4, 0, 3]);
  });

  test('the k best are the first k of all, sorted', () => {
    const values = fc.array(fc.constantFrom(0, 0.125, 0.25, 0.5, 0.75, 1), { maxLength: 40 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 50 }), (given, k) => {
        const sorted = given.map((score, index) => ({ index, score })).sort((a, b) => b.score - a.score);
        expect(topK(Float32Array.from(given), k)).toEqual(sorted.slice(0, k));
      }),
    );
  });

  const output = (activation: OutputSpec['activation']): OutputSpec => ({
    name: 'scores',
    activation,
    classNames: 'classes.json',
    classes: 3,
  });

  test('softmax is applied only where the graph has not done it', () => {
    const values = Float32Array.from([0.25, 0.5, 0.25]);
    const names = ['a', 'b', 'c'];
    expect(toPredictions(values, output('softmax'), names, 2)).toEqual([
      { label: 'b', index: 1, score: 0.5 },
      { label: 'a', index: 0, score: 0.25 },
    ]);
    expect(toPredictions(values, output('none'), names, 1)[0]?.score).toBeCloseTo(0.391, 3);
  });

  test.each([
    ['one value too few', [1, 2]],
    ['one value too many', [1, 2, 3, 4]],
    ['NaN', [1, Number.NaN, 2]],
    ['infinity', [1, Number.POSITIVE_INFINITY, 2]],
    ['NaN alone', [Number.NaN, Number.NaN, Number.NaN]],
  ])('a broken runtime never looks like an answer: %s', (_title, values) => {
    for (const activation of ['none', 'softmax'] as const) {
      expect(() => probabilities(Float32Array.from(values), output(activation))).toThrow(
        expect.objectContaining({ code: 'ENGINE_FAILED' }),
      );
    }
  });
});
