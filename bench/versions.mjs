/** Versions of the built-in model with bytes of their own, put into a folder of models as an operator would. */
// @ts-check
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../scripts/run.mjs';

const BUILT_IN = join(root, 'models/efficientnet-lite0');

/**
 * Writes the package beside its place, under a name that no source picks up.
 * @param {string} models @param {string} name @param {number} version
 */
export function prepare(models, name, version) {
  const folder = join(models, `.v${version}`);
  cpSync(BUILT_IN, folder, { recursive: true });
  const note = Buffer.from(`v${version}`);
  // Field 6 of ModelProto, doc_string: protobuf takes the last one, so appending it changes nothing but the bytes.
  const onnx = Buffer.concat([readFileSync(join(folder, 'model.onnx')), Buffer.from([0x32, note.length]), note]);
  writeFileSync(join(folder, 'model.onnx'), onnx);
  const manifest = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  manifest.files['model.onnx'] = { bytes: onnx.length, sha256: createHash('sha256').update(onnx).digest('hex') };
  writeFileSync(join(folder, 'model.json'), JSON.stringify({ ...manifest, name, version }));
}

/** One rename, so that no half of it is ever seen. @param {string} models @param {number} version */
export const publish = (models, version) => renameSync(join(models, `.v${version}`), join(models, `v${version}`));
