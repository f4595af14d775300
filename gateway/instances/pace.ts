/**
 * How many pictures an instance answers when it has as many as it can take: a photo as the web has them, decoded, resized
 * and run, as if requests brought it. Knows no other instance and no message.
 */
import { performance } from 'node:perf_hooks';
import sharp from 'sharp';
import type { BatchRunner } from './batch-runner.ts';
import { BATCHES_AT_ONCE } from './batches.ts';

const WIDTH = 500;
const HEIGHT = 375;
/** Levels of noise: with it the file has 100 kB, as many as photos of that size have. */
const NOISE = 80;

/** The same bytes each time. */
export async function usualPhoto(): Promise<Uint8Array> {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  let noise = 1;
  for (let at = 0; at < pixels.length; at += 1) {
    const x = Math.floor(at / 3) % WIDTH;
    const y = Math.floor(at / (3 * WIDTH));
    // The minimal standard generator of Park and Miller, 1988.
    noise = (noise * 48_271) % 2_147_483_647;
    pixels[at] = 92 + 80 * Math.sin(x / 40 + (at % 3)) * Math.cos(y / 30) + (noise % NOISE);
  }
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** Pictures a second, over so many milliseconds. 0: it could not answer any. */
export async function pace(batches: Pick<BatchRunner, 'run'>, photo: Uint8Array, ms: number): Promise<number> {
  const order = [{ image: { encoding: 'jpeg', data: photo }, top: 1 }] as const;
  const begun = performance.now();
  let answered = 0;
  const lane = async () => {
    while (performance.now() - begun < ms) {
      const { batchSize } = await batches.run(order);
      answered += batchSize;
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, lane));
  return (answered / (performance.now() - begun)) * 1000;
}
