/** Imports of Hugging Face folders with real processes, around the built-in model's graph. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Instance } from '../../gateway/instances/index.ts';
import type { ImportedPackage } from '../../gateway/packages/index.ts';
import { builtIn, goldenImage } from '../contract/inference-engine.ts';
import { builtInFolder, inputs, MINUTE, tryImport } from '../support/importing.ts';
import { tinyModel } from '../support/onnx-bytes.ts';
import { runtime } from '../support/runtime.ts';

const { folderOf, fresh, refusal } = inputs();

describe('a Hugging Face folder', () => {
  const classNames: string[] = JSON.parse(readFileSync(join(builtInFolder, 'classes.json'), 'utf8'));
  const config = {
    architectures: ['MobileNetV2ForImageClassification'],
    model_type: 'mobilenet_v2',
    id2label: Object.fromEntries(classNames.map((name, at) => [at, name])),
  };
  /** What the built-in model needs, in Hugging Face's words. */
  const processor = {
    image_processor_type: 'MobileNetV2ImageProcessor',
    size: { shortest_edge: 256 },
    crop_size: { height: 224, width: 224 },
    do_rescale: false,
    image_mean: [127, 127, 127],
    image_std: [128, 128, 128],
    resample: 2,
  };
  const weights = readFileSync(join(builtInFolder, 'model.onnx'));
  const hub = (files: Readonly<Record<string, Uint8Array | string>> = {}) =>
    folderOf({
      'config.json': JSON.stringify(config),
      'preprocessor_config.json': JSON.stringify(processor),
      'README.md': '---\ntags:\n- vision\nlicense: apache-2.0\n---\n# Net',
      'onnx/model.onnx': weights,
      ...files,
    });

  test('imports as it is, with every variant that can be run, and answers right', { timeout: 2 * MINUTE }, async () => {
    const folder = hub({ 'onnx/model_quantized.onnx': weights, 'onnx/model_fp16.onnx': tinyModel({ element: 10 }) });
    const { made, told } = await tryImport(folder, fresh(), { fileName: 'google/MobileNet V2.zip' });
    if (!made) throw new Error(told.join('\n'));
    expect(made.manifest).toMatchObject({
      name: 'mobilenet-v2',
      licence: 'apache-2.0',
      defaultVariant: 'fp32',
      variants: [
        { name: 'fp32', file: 'model.onnx' },
        { name: 'int8', file: 'model-int8.onnx' },
      ],
      input: { width: 224, cropRounding: 'down', resize: { rule: 'shortest-edge', size: 256, filter: 'bilinear' } },
      output: { name: 'logits', classes: 1000 },
    });
    expect(told.join('\n')).toMatch(/fp16 is left out: .*float16/);
    expect(await bestOf(made, 0)).toBe(builtIn.goldens[0]?.top[0]?.index);
  });

  test.each([
    ['no ONNX file', { 'onnx/model.onnx': '', 'onnx/other.onnx': '' }, /^graph INVALID_ARGUMENT/],
    [
      'a processor that is not known',
      { 'preprocessor_config.json': '{"image_processor_type":"OwlImageProcessor"}' },
      /^manifest .*OwlImageProcessor is not known/,
    ],
    [
      'a size that the graph does not take',
      { 'preprocessor_config.json': JSON.stringify({ ...processor, crop_size: 192 }) },
      /^graph .*224 x 224 .* makes 192 x 192/,
    ],
    [
      'another task',
      { 'config.json': JSON.stringify({ ...config, architectures: ['ViTForMaskedImageModeling'] }) },
      /^manifest .*only image classification/,
    ],
    [
      'several classes a picture',
      { 'config.json': JSON.stringify({ ...config, problem_type: 'multi_label_classification' }) },
      /^manifest .*multi_label/,
    ],
    [
      'a hole in its labels',
      { 'config.json': JSON.stringify({ ...config, id2label: { 0: 'a', 2: 'b' } }) },
      /^manifest .*none for 1/,
    ],
    [
      'fewer labels than classes',
      { 'config.json': JSON.stringify({ ...config, id2label: { 0: 'a', 1: 'b' } }) },
      /^classes .*1000 numbers .*2 class names/,
    ],
    ['no labels', { 'config.json': JSON.stringify({ ...config, id2label: undefined }) }, /^manifest .*no id2label/],
    ['a config that is no JSON', { 'config.json': '{' }, /^manifest .*config.json is not valid JSON/],
  ])('with %s is refused', { timeout: MINUTE }, async (_title, files, why) => {
    expect(await refusal(hub(files))).toMatch(why);
  });
});

async function bestOf({ folder, manifest }: ImportedPackage, at: number): Promise<number | undefined> {
  const where = { folder, manifest, providers: ['cpu'], runtime } as const;
  const load = { ...where, maxPixels: 4_000_000, batchMax: 1, decodeOnThreads: false };
  const instance = new Instance({ load, loadTimeoutMs: MINUTE, runTimeoutMs: MINUTE });
  try {
    await instance.load();
    const [item] = (await instance.run([{ image: goldenImage(at), top: 1 }])).items;
    return item?.ok ? item.predictions[0]?.index : undefined;
  } finally {
    instance.kill();
    await instance.exited;
  }
}
