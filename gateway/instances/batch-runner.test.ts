import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ImageInput } from '../../core/engine.ts';
import { normalizeInto, tensorLength } from '../../core/normalize.ts';
import { prepareRgb } from '../../core/resize.ts';
import { builtIn, goldenImage } from '../../test/contract/inference-engine.ts';
import { BatchRunner } from './batch-runner.ts';
import { decodeImage } from './decode.ts';

const MAX_PIXELS = 4_000_000;
const decoding = { maxPixels: MAX_PIXELS, onThreads: false };
const { classes } = builtIn.output;
const length = tensorLength(builtIn.input);
const broken = {
  image: { encoding: 'jpeg', data: readFileSync(new URL('../../test/fixtures/images/truncated.jpg', import.meta.url)) },
  top: 1,
} as const;

/** A runtime that keeps what it was given, and for the nth picture of a batch is sure of class n. */
function recorder() {
  const given: Float32Array[] = [];
  const run = async (values: Float32Array, batch: number) => {
    given.push(Float32Array.from(values));
    const scores = new Float32Array(batch * classes);
    for (let row = 0; row < batch; row += 1) scores[row * classes + row] = 50;
    return scores;
  };
  return {
    given,
    runner: new BatchRunner({ manifest: builtIn, classNames: [], session: { run }, decoding }),
  };
}

async function tensorOf(image: ImageInput): Promise<Float32Array> {
  const values = new Float32Array(length);
  normalizeInto(prepareRgb(await decodeImage(image, MAX_PIXELS), builtIn.input), builtIn.input, values, 0);
  return values;
}

/** To compare by: the differences of tensors take minutes to print. */
function digest(...tensors: readonly (Float32Array | undefined)[]): string {
  const hash = createHash('sha256');
  for (const values of tensors)
    if (values) hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return hash.digest('hex');
}

const golden = (at: number) => ({ image: goldenImage(at), top: 1 }) as const;

test('a picture that can not be decoded leaves no gap: the others run, and each gets its own answer', async () => {
  const { given, runner } = recorder();
  const { items, batchSize } = await runner.run([golden(0), broken, golden(1)]);
  expect(batchSize).toBe(2);
  expect(items.map((item) => (item.ok ? item.predictions[0]?.index : item.error.code))).toEqual([
    0,
    'UNDECODABLE_IMAGE',
    1,
  ]);
  expect(given[0]?.length).toBe(2 * length);
  expect(digest(given[0])).toBe(digest(await tensorOf(goldenImage(0)), await tensorOf(goldenImage(1))));
});

test('pictures of any kind and size in one order do not come into each other', async () => {
  const jpeg = (name: string) =>
    ({ encoding: 'jpeg', data: readFileSync(new URL(`../../test/fixtures/${name}.jpg`, import.meta.url)) }) as const;
  const images = [
    ...[jpeg('jpeg/half-across'), jpeg('images/444'), goldenImage(0), jpeg('images/progressive')],
    ...[jpeg('jpeg/restarts'), jpeg('images/baseline-420'), jpeg('jpeg/half-across')],
  ];
  const { given, runner } = recorder();
  await runner.run(images.map((image) => ({ image, top: 1 })));
  expect(digest(given[0])).toBe(digest(...(await Promise.all(images.map(tensorOf)))));
});

test('an order whose pictures are all broken runs nothing', async () => {
  const { given, runner } = recorder();
  const { items, batchSize } = await runner.run([broken, broken]);
  expect([batchSize, given.length, items.map((item) => item.ok)]).toEqual([0, 0, [false, false]]);
});

test('a tensor that is used again holds nothing of the order before, and orders at once do not share one', async () => {
  const { given, runner } = recorder();
  await runner.run([golden(0), golden(1)]);
  await Promise.all([runner.run([golden(1)]), runner.run([golden(0), golden(0), golden(1)]), runner.run([golden(0)])]);
  const [first, second] = [await tensorOf(goldenImage(0)), await tensorOf(goldenImage(1))];
  const expected = [[first, second], [second], [first, first, second], [first]];
  expect(given).toHaveLength(4);
  const ran = given.map((values) => digest(values));
  for (const pictures of expected) expect(ran).toContain(digest(...pictures));
});

test('a run that fails rejects for its order alone', async () => {
  let fail = true;
  const run = async (_values: Float32Array, batch: number) => {
    if (fail) throw new Error('out of memory');
    return new Float32Array(batch * classes);
  };
  const runner = new BatchRunner({ manifest: builtIn, classNames: [], session: { run }, decoding });
  await expect(runner.run([golden(0)])).rejects.toThrow('out of memory');
  fail = false;
  await expect(runner.run([golden(0)])).resolves.toMatchObject({ batchSize: 1 });
});
