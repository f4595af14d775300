/**
 * The limit, one process of it: the gateway's own decoding, resize, normalisation, run and top five, by the gateway's
 * own modules, with no server around them; or ONNX Runtime alone on tensors that are there. Like an instance it decodes
 * the next pictures while it runs. Works on the orders of `limit.mjs`.
 */
// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchCpu } from './cpu.mjs';
import { median } from './figures.mjs';
import { serveOrders } from './helper.mjs';
import { compiled } from './models.mjs';

const TOP = 5;
const MAX_PIXELS = 64 * 1024 * 1024;

/**
 * @typedef {object} LimitOrder
 * @property {string} folder of the model's package
 * @property {'pictures' | 'tensors'} work
 * @property {readonly string[]} photos paths
 * @property {number} threads of ONNX Runtime
 * @property {number} batch images in a run
 * @property {number} lanes batches in the process at once
 * @property {number} seconds
 */

/** @typedef {{perSecond: number, p50: number, ownCpu: number, machineCpu: number}} LimitReport p50: of a batch, ms */

/** @type {typeof import('../gateway/instances/batch-runner.ts')} */
const { BatchRunner } = await compiled('gateway/instances/batch-runner');
/** @type {typeof import('../gateway/instances/session.ts')} */
const { createSession } = await compiled('gateway/instances/session');
/** @type {typeof import('../gateway/instances/package-files.ts')} */
const { readManifest, readPackageJson } = await compiled('gateway/instances/package-files');
/** @type {typeof import('../core/normalize.ts')} */
const { tensorLength } = await compiled('core/normalize');
/** @type {typeof import('../core/manifest.ts')} */
const { parseClassNames, variantOf } = await compiled('core/manifest');

/** @param {string} folder @param {number} threads */
async function open(folder, threads) {
  const manifest = await readManifest(folder);
  const classNames = parseClassNames(
    await readPackageJson(folder, manifest, manifest.output.classNames),
    manifest.output,
  );
  const bytes = readFileSync(join(folder, variantOf(manifest).file));
  const session = await createSession(bytes, manifest, 'cpu', { threads, arena: 'keep', gpuMemoryPercent: 0 });
  const batches = new BatchRunner({
    manifest,
    classNames,
    session,
    decoding: { maxPixels: MAX_PIXELS, onThreads: false },
  });
  return { manifest, session, batches };
}

/** @type {Map<string, ReturnType<typeof open>>} */
const opened = new Map();
/** @type {Map<string, Buffer>} */
const files = new Map();
/** @param {string} path */
function photo(path) {
  const there = files.get(path) ?? readFileSync(path);
  files.set(path, there);
  return there;
}

/** @param {LimitOrder} order @returns {Promise<LimitReport>} */
async function limit({ folder, work, photos, threads, batch, lanes, seconds }) {
  const key = `${folder} ${threads}`;
  const opening = opened.get(key) ?? open(folder, threads);
  opened.set(key, opening);
  const { manifest, session, batches } = await opening;
  const length = tensorLength(manifest.input);
  const jpegs = photos.map(photo);
  let at = Math.floor(Math.random() * Math.max(1, jpegs.length));
  const pictures = async () => {
    const items = Array.from({ length: batch }, () => {
      at += 1;
      const data = /** @type {Buffer} */ (jpegs[at % jpegs.length]);
      return { image: { encoding: /** @type {const} */ ('jpeg'), data }, top: TOP };
    });
    const ran = await batches.run(items);
    if (ran.batchSize !== batch) throw new Error(`Of ${batch} pictures ${ran.batchSize} were run.`);
  };
  const ready = new Float32Array(batch * length).map(() => Math.random() - 0.5);
  const once = work === 'pictures' ? pictures : () => session.run(ready, batch);

  let done = 0;
  /** @type {number[]} */
  const times = [];
  const stopWatch = watchCpu();
  const begun = performance.now();
  const end = begun + seconds * 1000;
  const lane = async () => {
    for (let from = performance.now(); from < end; ) {
      await once();
      const now = performance.now();
      times.push(now - from);
      from = now;
      if (now < end) done += batch;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const { machine: machineCpu, own: ownCpu } = stopWatch();
  return { perSecond: done / seconds, p50: median(times), ownCpu, machineCpu };
}

serveOrders(limit);
