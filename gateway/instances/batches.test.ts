import { expect, test } from 'vitest';
import { builtIn } from '../../test/contract/inference-engine.ts';
import { largestBatch } from './batches.ts';

test('the largest batch is what the operator asked for, else what suits the provider, never above the manifest', () => {
  const manifest = { ...builtIn, batch: { max: 8 } };
  expect(largestBatch('cpu', 0, manifest)).toBe(4);
  expect(largestBatch('cuda', 0, manifest)).toBe(8);
  expect(largestBatch('cpu', 6, manifest)).toBe(6);
});
