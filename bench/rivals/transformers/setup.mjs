/**
 * transformers.js as a rival in the browser: installs its pinned version beside the project and writes the local model
 * folder that it wants, around the very same model file. Touches nothing outside .cache/bench and the folder given.
 */
// @ts-check
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from '../../../scripts/run.mjs';

export const VERSION = '4.3.1';
const HOME = join(root, '.cache/bench/transformers');
const PACKAGE = join(HOME, 'node_modules/@huggingface/transformers');

/** @returns {string | undefined} */
function installed() {
  const path = join(PACKAGE, 'package.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : undefined;
}

/**
 * Installed once; later calls find it.
 * @returns {Promise<{package: string, modules: string}>} its folder and the one of all packages around it
 */
export async function installTransformers() {
  if (installed() !== VERSION) {
    mkdirSync(HOME, { recursive: true });
    writeFileSync(join(HOME, 'package.json'), '{ "private": true }\n');
    process.stdout.write(`Installing @huggingface/transformers ${VERSION} into .cache/bench (about 500 MB) ...\n`);
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--save-exact'];
    const code = await run('npm', ['install', ...flags, `@huggingface/transformers@${VERSION}`], { cwd: HOME });
    if (code !== 0)
      throw new Error(`npm could not install @huggingface/transformers ${VERSION}; npm's reason is above.`);
  }
  return { package: PACKAGE, modules: join(HOME, 'node_modules') };
}

/**
 * The folder of a model as transformers.js reads it. Its preprocessing is what our manifest says, in its own words.
 * @param {string} to a folder that is made
 * @param {{model: string, classNames: readonly string[], input: {resize: {size: number}, width: number, height: number,
 *   scale: number, mean: readonly number[], std: readonly number[]}}} source
 */
export function writeModelFolder(to, { model, classNames, input }) {
  mkdirSync(join(to, 'onnx'), { recursive: true });
  copyFileSync(model, join(to, 'onnx/model.onnx'));
  const config = {
    // Any image classifier of one input will do: the graph is what runs.
    model_type: 'mobilenet_v2',
    architectures: ['MobileNetV2ForImageClassification'],
    id2label: Object.fromEntries(classNames.map((name, index) => [index, name])),
    label2id: Object.fromEntries(classNames.map((name, index) => [name, index])),
  };
  const unit = (/** @type {number} */ value) => value / (input.scale * 255);
  const preprocessor = {
    image_processor_type: 'MobileNetV2ImageProcessor',
    do_resize: true,
    size: { shortest_edge: input.resize.size },
    resample: 2,
    do_center_crop: true,
    crop_size: { width: input.width, height: input.height },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: input.mean.map(unit),
    image_std: input.std.map(unit),
  };
  writeFileSync(join(to, 'config.json'), JSON.stringify(config));
  writeFileSync(join(to, 'preprocessor_config.json'), JSON.stringify(preprocessor));
}
