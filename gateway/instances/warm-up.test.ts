import { expect, test } from 'vitest';
import { warmUp, warmUpSizes } from './warm-up.ts';

test('every size that runs often is warmed up, the largest always', () => {
  expect(warmUpSizes(1)).toEqual([1]);
  expect(warmUpSizes(4)).toEqual([1, 2, 3, 4]);
  expect(warmUpSizes(32)).toHaveLength(32);
  expect(warmUpSizes(64).slice(31)).toEqual([32, 64]);
  expect(warmUpSizes(200).slice(30)).toEqual([31, 32, 64, 128, 200]);
});

test('a model that can not run one of the sizes is refused with that size', async () => {
  const ran: number[] = [];
  const run = (size: number) => {
    ran.push(size);
    return size < 3 ? Promise.resolve() : Promise.reject(new Error('Got invalid dimensions.'));
  };
  await expect(warmUp(4, run)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: "The model can't run 3 images at once: Got invalid dimensions. Lower batch.max in model.json.",
  });
  expect(ran).toEqual([1, 2, 3]);
});
