/**
 * Further versions of the built-in model, published into a folder of models as an operator would: copied beside
 * it, then renamed. Every version has its own bytes and says in each class name which one it is.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseManifest } from '../../core/manifest.ts';
import { ROOT } from './gateway-process.ts';

const BUILT_IN = join(ROOT, 'models', 'efficientnet-lite0');
export const MODEL = 'efficientnet-lite0';

/** The class name of the built-in model as `version` writes it. */
export const nameIn = (version: number, name: string): string => (version === 1 ? name : `${name} of ${version}`);

/** Bytes of an ONNX file with one more entry in its metadata: the same model, another sha256. */
function withMetadata(onnx: Buffer, key: string, value: string): Buffer {
  const field = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
  const entry = Buffer.concat([field(0x0a, Buffer.from(key)), field(0x12, Buffer.from(value))]);
  // Field 14 of ModelProto, metadata_props; protobuf lets a repeated field be appended.
  return Buffer.concat([onnx, field(0x72, entry)]);
}

/** Makes `version` appear whole in `root`. */
export function publish(root: string, version: number): void {
  const manifest = parseManifest(JSON.parse(readFileSync(join(BUILT_IN, 'model.json'), 'utf8')));
  const classes = z.array(z.string()).parse(JSON.parse(readFileSync(join(BUILT_IN, 'classes.json'), 'utf8')));
  const files = {
    'classes.json': Buffer.from(JSON.stringify(classes.map((name) => nameIn(version, name)))),
    'model.onnx': withMetadata(readFileSync(join(BUILT_IN, 'model.onnx')), 'version', String(version)),
  };
  const entries = Object.entries(files).map(([path, bytes]) => {
    return [path, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }] as const;
  });
  const half = join(root, `.half-${version}`);
  mkdirSync(root, { recursive: true });
  cpSync(BUILT_IN, half, { recursive: true });
  for (const [path, bytes] of Object.entries(files)) writeFileSync(join(half, path), bytes);
  const text = JSON.stringify({ ...manifest, version, files: { ...manifest.files, ...Object.fromEntries(entries) } });
  writeFileSync(join(half, 'model.json'), text);
  mkdirSync(join(root, MODEL), { recursive: true });
  renameSync(half, join(root, MODEL, String(version)));
}

/** Takes `version` away from `root`, at once. */
export function withdraw(root: string, version: number): void {
  const gone = join(root, `.gone-${version}`);
  renameSync(join(root, MODEL, String(version)), gone);
  rmSync(gone, { recursive: true });
}
