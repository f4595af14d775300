/**
 * The verified files of one model version: from this device's store, else from the gateway, into the
 * store. Reports progress over all of them together. Knows no session.
 */
import type { LoadProgress } from '../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import { type FileEntry, type Manifest, parseClassNames, type Variant } from '../core/manifest.ts';
import type { Catalogue } from './catalogue.ts';
import { download } from './download.ts';
import type { ModelStore } from './store.ts';

export interface ModelPackage {
  readonly model: Uint8Array<ArrayBuffer>;
  readonly classNames: readonly string[];
  /** PNG bytes, in the order of the manifest's goldens. */
  readonly goldens: readonly Uint8Array<ArrayBuffer>[];
  /** Resolves once the store has what was fetched; never rejects. */
  readonly kept: Promise<void>;
}

export interface PackageOptions {
  readonly signal: AbortSignal;
  onProgress(progress: LoadProgress): void;
}

function entryOf(manifest: Manifest, path: string): FileEntry {
  const entry = manifest.files[path];
  // parseManifest checks this; a manifest made otherwise must not slip through.
  if (!entry) throw new TwinlensError('INVALID_ARGUMENT', `model.json names ${path}, which is not in files.`);
  return entry;
}

function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', `${path} is not valid JSON.`, { cause });
  }
}

export class PackageFiles {
  readonly #catalogue: Catalogue;
  readonly #store: ModelStore;

  constructor(catalogue: Catalogue, store: ModelStore) {
    this.#catalogue = catalogue;
    this.#store = store;
  }

  /** Errors: those of `download`, and INVALID_ARGUMENT for class names that don't fit. */
  async read(manifest: Manifest, variant: Variant, options: PackageOptions): Promise<ModelPackage> {
    const paths = [variant.file, manifest.output.classNames, ...manifest.goldens.map((golden) => golden.image)];
    const unique = [...new Set(paths)];
    const totalBytes = unique.reduce((sum, path) => sum + entryOf(manifest, path).bytes, 0);
    const came = new Map<string, number>();
    const writes: Promise<void>[] = [];
    let fromStore = false;
    let reported = -1;
    const report = (phase: LoadProgress['phase']) => {
      const loadedBytes = [...came.values()].reduce((sum, bytes) => sum + bytes, 0);
      const percent = Math.floor((loadedBytes * 100) / Math.max(totalBytes, 1));
      if (phase === 'download' && percent === reported) return;
      reported = percent;
      options.onProgress({ phase, loadedBytes, totalBytes, fromStore });
    };
    // One file that fails stops the others.
    const abort = new AbortController();
    const onAbort = () => abort.abort();
    if (options.signal.aborted) abort.abort();
    options.signal.addEventListener('abort', onAbort, { once: true });
    report('download');
    try {
      const files = new Map(
        await Promise.all(
          unique.map(async (path) => {
            const entry = entryOf(manifest, path);
            const stored = await this.#store.read(entry);
            if (stored) {
              if (path === variant.file) fromStore = true;
              came.set(path, stored.length);
              report('download');
              return [path, stored] as const;
            }
            const url = this.#catalogue.fileUrl(manifest, path);
            const bytes = await download(url, `${manifest.name}/${path}`, entry, {
              signal: abort.signal,
              onProgress: (length) => {
                came.set(path, length);
                report('download');
              },
            });
            writes.push(this.#store.write(entry, bytes));
            return [path, bytes] as const;
          }),
        ),
      );
      report('verify');
      const take = (path: string): Uint8Array<ArrayBuffer> => {
        const bytes = files.get(path);
        if (!bytes) throw new TwinlensError('INTERNAL', `${path} was not read.`);
        return bytes;
      };
      const { output } = manifest;
      return {
        model: take(variant.file),
        classNames: parseClassNames(parseJson(take(output.classNames), output.classNames), output),
        goldens: manifest.goldens.map((golden) => take(golden.image)),
        kept: Promise.all(writes).then(() => undefined),
      };
    } catch (error) {
      if (options.signal.aborted) throw new TwinlensError('CANCELLED', 'Loading the model was cancelled.');
      throw asTwinlensError(error, 'UNAVAILABLE');
    } finally {
      abort.abort();
      options.signal.removeEventListener('abort', onAbort);
    }
  }
}
