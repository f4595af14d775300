import { expect, test } from 'vitest';
import { builtIn } from '../../test/contract/inference-engine.ts';
import { largestBatch, warmUpSizes } from './batches.ts';

test('the largest batch is what the operator asked for, else what suits the provider, never above the manifest', () => {
  const manifest = { ...builtIn, batch: { max: 8 } };
  expect([
    largestBatch('cpu', 0, manifest),
    largestBatch('cuda', 0, manifest),
    largestBatch('cpu', 6, manifest),
  ]).toEqual([4, 8, 6]);
});

test('every size that runs often is warmed up, the largest always', () => {
  expect(warmUpSizes(1)).toEqual([1]);
  expect(warmUpSizes(4)).toEqual([1, 2, 3, 4]);
  expect(warmUpSizes(32)).toHaveLength(32);
  expect(warmUpSizes(200).slice(30)).toEqual([31, 32, 64, 128, 200]);
  expect(warmUpSizes(64).slice(31)).toEqual([32, 64]);
});
