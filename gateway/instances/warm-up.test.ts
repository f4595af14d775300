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

test('what counts is the middle one of the runs after the first, which plans', async () => {
  let clock = 0;
  const ran = new Map<number, number>();
  const run = async (size: number) => {
    const nth = ran.get(size) ?? 0;
    ran.set(size, nth + 1);
    clock += [900, 7, 4, 50, 4, 5][nth] ?? 0;
  };
  expect(await warmUp(2, run, () => clock)).toEqual([
    { size: 1, ms: 5 },
    { size: 2, ms: 5 },
  ]);
  expect([...ran.values()]).toEqual([6, 6]);
});

test('a slow model is not kept from serving by measuring it: a single image is measured, the rest is not', async () => {
  let clock = 0;
  const ran: number[] = [];
  const run = async (size: number) => {
    ran.push(size);
    clock += 1000 * size;
  };
  expect(await warmUp(3, run, () => clock)).toEqual([{ size: 1, ms: 1000 }]);
  expect(ran).toEqual([1, 1, 2, 3]);
});

test('without a clock every size runs once', async () => {
  const ran: number[] = [];
  expect(await warmUp(3, async (size) => ran.push(size))).toEqual([]);
  expect(ran).toEqual([1, 2, 3]);
});
