/**
 * The models that benchmarks run, each as a package for the gateway and as a plain file for everything else. A bare
 * .onnx of the shared folder is made a package once, by the gateway's own importer, and kept in .cache/bench.
 */
// @ts-check
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildGateway } from '../scripts/build.mjs';
import { root } from '../scripts/run.mjs';
import { sharedDir } from './photos.mjs';

const BUILT_IN = 'efficientnet-lite0';
const INT8 = 'mobilenetv2-12-int8';

/**
 * @typedef {object} BenchModel
 * @property {string} name
 * @property {string} folder of its package
 * @property {{path: string, input: string, output: string, mean: number[], std: number[]}} plain for servers that
 *   know no packages; mean and std in levels of 0 to 255
 */

/**
 * A compiled part of the gateway or of core, with the types of its source.
 * @param {string} path without its ending
 */
export const compiled = (path) => import(pathToFileURL(join(root, 'dist', `${path}.js`)).href);

/** @param {string} name @param {string} onnx */
async function makePackage(name, onnx) {
  const folder = join(root, '.cache/bench/packages', name);
  if (existsSync(join(folder, 'model.json'))) return folder;
  await buildGateway();
  /** @type {typeof import('../gateway/packages/index.ts')} */
  const { createImporter } = await compiled('gateway/packages/index');
  const into = `${folder}.part`;
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: true });
  const importer = createImporter({
    providers: ['cpu'],
    runtime: { threads: 1, arena: 'keep', gpuMemoryPercent: 0 },
    maxPixels: 4_000_000,
    maxBytes: 200_000_000,
    batchMax: 0,
    imagenetNames: join(root, 'models', BUILT_IN, 'classes.json'),
  });
  const hints = /** @type {const} */ ({ name, version: 1, preset: 'torchvision', classNames: 'imagenet-1k' });
  const made = await importer(
    { path: onnx, fileName: `${name}.onnx`, source: 'a benchmark', hints },
    { into, nextVersion: () => 1, signal: AbortSignal.timeout(120_000), onStep: () => undefined },
  );
  rmSync(folder, { recursive: true, force: true });
  renameSync(made.folder, folder);
  rmSync(into, { recursive: true, force: true });
  return folder;
}

/** @param {string} folder of a package @returns {BenchModel} */
function benchModel(folder) {
  const { name, variants, defaultVariant, input, output } = JSON.parse(
    readFileSync(join(folder, 'model.json'), 'utf8'),
  );
  const { file } = variants.find((/** @type {{name: string}} */ variant) => variant.name === defaultVariant);
  const inLevels = (/** @type {number[]} */ list) => list.map((value) => value / input.scale);
  return {
    name,
    folder,
    plain: {
      path: join(folder, file),
      input: input.name,
      output: output.name,
      mean: inLevels(input.mean),
      std: inLevels(input.std),
    },
  };
}

/** The built-in model, and where the shared folder is, one in int8. @returns {Promise<BenchModel[]>} */
export async function benchModels() {
  const models = [benchModel(join(root, 'models', BUILT_IN))];
  const onnx = sharedDir && join(sharedDir, 'models', `${INT8}.onnx`);
  if (onnx && existsSync(onnx)) models.push(benchModel(await makePackage(INT8, onnx)));
  return models;
}
