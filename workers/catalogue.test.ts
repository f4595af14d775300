import { expect, test } from 'vitest';
import { parseModelSpec } from '../core/model-spec.ts';
import { versionOf } from './catalogue.ts';

const of = (spec: string, versions: readonly number[], labels: Record<string, number> = {}) =>
  versionOf(parseModelSpec(spec), versions, labels);

test('a bare name means the version labelled stable, else the newest', () => {
  expect(of('m', [1, 10, 9])).toBe(10);
  expect(of('m', [1, 2, 3], { stable: 2 })).toBe(2);
  expect(of('m', [1, 3], { stable: 2 })).toBe(3);
  expect(of('m', [])).toBeUndefined();
});

test('a version means itself, a label what it points to', () => {
  expect(of('m@7', [1])).toBe(7);
  expect(of('m:canary', [1, 2], { canary: 1 })).toBe(1);
  expect(of('m:canary', [1, 2])).toBeUndefined();
  expect(of('m:constructor', [1, 2])).toBeUndefined();
});
