import { expect, test } from 'vitest';
import { decodeImage } from './decode.ts';
import { pace, usualPhoto } from './pace.ts';

test('the photo is one as the web has them: a JPEG of 500 x 375 and some 100 kB, the same each time', async () => {
  const [data, again] = [await usualPhoto(), await usualPhoto()];
  expect(Buffer.compare(data, again)).toBe(0);
  expect(data.byteLength).toBeGreaterThan(90_000);
  expect(data.byteLength).toBeLessThan(120_000);
  expect(await decodeImage({ encoding: 'jpeg', data }, 1_000_000)).toMatchObject({ width: 500, height: 375 });
});

test('counts the pictures that were answered, two on their way at a time as the pool sends them', async () => {
  let inside = 0;
  let most = 0;
  let answered = 0;
  const run = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    answered += 1;
    return { items: [], infer: 0, batchSize: 1 };
  };
  const begun = performance.now();
  const perSecond = await pace({ run }, new Uint8Array(), 50);
  const seconds = (performance.now() - begun) / 1000;
  expect(most).toBe(2);
  expect(perSecond).toBeGreaterThanOrEqual(answered / seconds);
  expect(perSecond).toBeLessThanOrEqual(answered / 0.05);
});
