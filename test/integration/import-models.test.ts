/** Imports of well-known models from the folder of real photos and models; skipped, with the reason, without it. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ImportHints } from '../../core/admin.ts';
import { Instance } from '../../gateway/instances/index.ts';
import { tryImport } from '../support/importing.ts';
import { runtime } from '../support/runtime.ts';
import { labelledPhotos, NO_SHARED, sharedDir, wnids } from '../support/shared-photos.ts';
import { temporaryFolders } from '../support/temporary.ts';

const fresh = temporaryFolders();
const models = join(sharedDir ?? '', 'models');
const here = sharedDir !== undefined && existsSync(models);
const imagenet = (preset: NonNullable<ImportHints['preset']>): ImportHints => ({ preset, classNames: 'imagenet-1k' });
const load = (file: string, hints: ImportHints) => tryImport(join(models, file), fresh(), { hints });
const digits: ImportHints = { classNames: [...'0123456789'] };
const LONG = 180_000;

describe.skipIf(!here)(`well-known models${here ? '' : ` (skipped: ${NO_SHARED})`}`, () => {
  test.each([
    ['mobilenetv2-12-int8.onnx', imagenet('torchvision'), 'int8', 'none', 32, { width: 224, channels: 'RGB' }],
    ['shufflenet-v2-12-int8.onnx', imagenet('torchvision'), 'int8', 'none', 1, { width: 224 }],
    ['mobilenetv2-dq-fp16-io32.onnx', imagenet('torchvision'), 'fp16', 'none', 32, { width: 224 }],
    ['squeezenet1.0-fp32.onnx', imagenet('caffe'), 'fp32', 'softmax', 32, { channels: 'BGR' }],
    [
      'mobilenet_v1_0.25_128-dq-fp32.onnx',
      imagenet('tensorflow'),
      'fp32',
      'none',
      32,
      { width: 128, resize: { size: 146 } },
    ],
    ['mnist-8.onnx', digits, 'fp32', 'none', 1, { channels: 'L', resize: { rule: 'exact' } }],
  ] as const)('%s imports as what it is', { timeout: LONG }, async (file, hints, variant, activation, max, input) => {
    const { made, told } = await load(file, hints);
    expect(made?.manifest, told.join('\n')).toMatchObject({
      defaultVariant: variant,
      output: { activation },
      batch: { max },
      input,
    });
  });

  test.each([
    ['SqueezeNet_fp16.onnx', imagenet('caffe'), /^The input data_0 is float16; only float32 inputs are run/],
    [
      'mobilenetv2-dq-embed1280-fp32.onnx',
      imagenet('torchvision'),
      /1280 numbers .* 1000 class names.* with its classifier/,
    ],
    ['mnist-8.onnx', imagenet('torchvision'), /10 numbers .* 1000 class names/],
  ] as const)('%s is refused with its reason', { timeout: LONG }, async (file, hints, why) => {
    const { error } = await load(file, hints);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(why) });
  });

  test('an imported MobileNetV2 has most labelled photos among its first five: preset, crop and names fit', {
    timeout: LONG,
  }, async () => {
    const { made, told } = await load('mobilenetv2-dq-fp32.onnx', imagenet('torchvision'));
    if (!made) throw new Error(told.join('\n'));
    const instance = new Instance({
      load: { ...made, providers: ['cpu'], runtime, maxPixels: 64_000_000, batchMax: 1, decodeOnThreads: false },
      loadTimeoutMs: LONG,
      runTimeoutMs: LONG,
    });
    try {
      await instance.load();
      const classes = wnids();
      const photos = labelledPhotos('hero');
      let right = 0;
      for (const { path, wnid, encoding } of photos) {
        const [item] = (await instance.run([{ image: { encoding, data: readFileSync(path) }, top: 5 }])).items;
        if (item?.ok && item.predictions.some(({ index }) => classes[index] === wnid)) right += 1;
      }
      expect(right / photos.length).toBeGreaterThan(0.8);
    } finally {
      instance.kill();
      await instance.exited;
    }
  });
});
