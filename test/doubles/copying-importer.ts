/** An importer that loads no model: it copies a package as it is, and makes a tiny one of a bare graph. */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TwinlensError } from '../../core/errors.ts';
import { parseManifest } from '../../core/manifest.ts';
import type { Importer, ImportInput } from '../../gateway/packages/index.ts';
import { tinyPackage, writePackage } from '../support/tiny-package.ts';

export class CopyingImporter {
  /** Everything that it was given, with the bytes of a bare graph. */
  readonly imports: (ImportInput & { readonly graph?: Buffer })[] = [];
  /** What the next imports fail with. */
  failure: TwinlensError | undefined;

  readonly run: Importer = async (input, { into, signal }) => {
    if (signal.aborted) throw new TwinlensError('CANCELLED', 'The import was cancelled.');
    const graph = input.path.endsWith('.onnx') ? readFileSync(input.path) : undefined;
    this.imports.push(graph ? { ...input, graph } : input);
    if (this.failure) throw this.failure;
    const folder = join(into, 'package');
    if (graph) {
      const { name = 'tiny', version = 1 } = input.hints;
      writePackage(folder, tinyPackage(name, version, graph.toString('latin1')));
    } else {
      cpSync(input.path, folder, { recursive: true });
    }
    return { folder, manifest: parseManifest(JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'))) };
  };
}
