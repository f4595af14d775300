/**
 * What the browsers of the benchmark visit: the built page, and beside it our engine alone and the rival's page, all
 * from one gateway, with the same headers and the same compression made beforehand. Owns the folder and the gateway.
 */
// @ts-check
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { buildPage } from '../../scripts/build.mjs';
import { compressFolder } from '../../scripts/compress.mjs';
import { root } from '../../scripts/run.mjs';
import { startGateway } from '../gateway.mjs';
import { installTransformers, writeModelFolder } from '../rivals/transformers/setup.mjs';
import { photoPaths } from './photos.mjs';

const SITE = join(root, '.cache/bench/site');
const MODEL = join(root, 'models/efficientnet-lite0');
/** Below the folder whose files the gateway calls immutable. */
const BASE = '/_next/static/bench';

/** @param {string} name of the page @param {string} folder @param {Record<string, string>} [alias] */
async function bundle(name, folder, alias = {}) {
  await build({
    root: join(root, folder),
    base: `${BASE}/${name}/`,
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    resolve: { alias },
    build: {
      outDir: join(SITE, BASE, name),
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 4096,
    },
  });
}

async function bundleRival() {
  const found = await installTransformers();
  await bundle('transformers', 'bench/rivals/transformers', {
    // What its package offers to browsers; an alias does not go by that.
    '@huggingface/transformers': join(found.package, 'dist/transformers.web.js'),
    'onnxruntime-web/webgpu': join(found.modules, 'onnxruntime-web/dist/ort.webgpu.bundle.min.mjs'),
    'onnxruntime-web': join(found.modules, 'onnxruntime-web/dist'),
    'onnxruntime-common': join(found.modules, 'onnxruntime-common'),
  });
  const manifest = JSON.parse(readFileSync(join(MODEL, 'model.json'), 'utf8'));
  writeModelFolder(join(SITE, BASE, 'models/efficientnet-lite0'), {
    model: join(MODEL, 'model.onnx'),
    classNames: JSON.parse(readFileSync(join(MODEL, 'classes.json'), 'utf8')),
    input: manifest.input,
  });
}

/**
 * @param {{rival: boolean, photos?: readonly string[]}} options without the rival nothing is fetched from a registry;
 *   photos: paths of JPEGs to serve
 */
export async function openSite({ rival, photos = photoPaths() }) {
  await buildPage();
  rmSync(SITE, { recursive: true, force: true });
  cpSync(join(root, 'out'), SITE, { recursive: true });
  await bundle('twin', 'bench/browser/twin');
  if (rival) await bundleRival();
  mkdirSync(join(SITE, BASE, 'photos'));
  for (const [at, path] of photos.entries()) cpSync(path, join(SITE, BASE, `photos/${at}.jpg`));
  await compressFolder(join(SITE, BASE));
  const gateway = await startGateway({ env: { TWINLENS_PAGE: SITE } });
  return {
    page: gateway.base,
    twin: `${gateway.base}${BASE}/twin/`,
    transformers: `${gateway.base}${BASE}/transformers/`,
    photos: photos.map((_, at) => `${BASE}/photos/${at}.jpg`),
    close: gateway.stop,
  };
}
