/** A model package of a few bytes: whole by its manifest, but its graph is none and can't be loaded. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Manifest, parseManifest } from '../../core/manifest.ts';
import { sha256 } from './file-server.ts';

export interface TinyPackage {
  readonly manifest: Manifest;
  /** By path, `model.json` last, as most copies come. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** @param content bytes of the graph; other bytes make another package */
export function tinyPackage(
  name = 'tiny',
  version = 1,
  content: string | Uint8Array = `graph of ${name} ${version}`,
): TinyPackage {
  const files = new Map([
    ['model.onnx', Buffer.from(content)],
    ['classes.json', Buffer.from('["cat","dog"]')],
    ['goldens/cat.png', Buffer.from('a picture')],
  ]);
  const entries = [...files].map(([path, bytes]) => [path, { bytes: bytes.length, sha256: sha256(bytes) }] as const);
  const manifest = parseManifest({
    format: 'twinlens-model/1',
    name,
    version,
    title: `Tiny ${name}`,
    licence: 'CC0-1.0',
    source: 'made by a test',
    files: Object.fromEntries(entries),
    variants: [{ name: 'fp32', file: 'model.onnx', requires: [] }],
    defaultVariant: 'fp32',
    input: {
      name: 'input',
      layout: 'NCHW',
      datatype: 'float32',
      width: 8,
      height: 8,
      channels: 'RGB',
      resize: { rule: 'exact', filter: 'bilinear' },
      scale: 1,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    },
    output: { name: 'output', activation: 'none', classNames: 'classes.json', classes: 2 },
    goldens: [{ image: 'goldens/cat.png', top: [{ index: 0, score: 0.9 }], tolerance: 0.01 }],
    batch: { max: 1 },
    notSureBelow: 0,
  });
  files.set('model.json', Buffer.from(JSON.stringify(manifest)));
  return { manifest, files };
}

/** Writes one file of a package. */
export function writePart(folder: string, path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

export function writePackage(folder: string, { files }: TinyPackage): void {
  for (const [path, bytes] of files) writePart(folder, path, bytes);
}
