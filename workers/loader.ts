/**
 * Opens models: their files, a backend that passed the goldens, and another one when that is lost.
 * Knows neither the queue nor what is loaded now.
 */
import type { LoadProgress, NoticeCode } from '../core/engine.ts';
import { TwinlensError } from '../core/errors.ts';
import { type Manifest, variantOf } from '../core/manifest.ts';
import { type BackendContext, openBackend, selectBackend, startRuntimeFor } from './backends.ts';
import type { BackendPreference } from './engine.ts';
import { Loaded } from './loaded.ts';
import type { Backend } from './ort.ts';
import type { PackageFiles } from './package-files.ts';
import type { ModelStore } from './store.ts';

export interface LoaderOptions {
  readonly files: PackageFiles;
  readonly store: ModelStore;
  readonly backend: BackendPreference;
  notice(code: NoticeCode, message: string): void;
  /** The model goes on, perhaps on another provider. */
  onRecovered(loaded: Loaded): void;
  /** The model can't go on in this worker. */
  onBroken(error: TwinlensError): void;
}

export interface Opened {
  readonly loaded: Loaded;
  /** Never rejects. */
  readonly kept: Promise<void>;
}

/** Same name and version, and the very same files. */
export function sameModel(a: Manifest, b: Manifest): boolean {
  return a.name === b.name && a.version === b.version && JSON.stringify(a.files) === JSON.stringify(b.files);
}

export const loadCancelled = () => new TwinlensError('CANCELLED', 'Loading the model was cancelled.');

export class Loader {
  readonly #options: LoaderOptions;

  constructor(options: LoaderOptions) {
    this.#options = options;
  }

  /**
   * Resolves to the model and to the moment when the store has its files. Errors: those of `PackageFiles.read` and
   * `selectBackend`.
   */
  async open(manifest: Manifest, signal: AbortSignal, report: (progress: LoadProgress) => void): Promise<Opened> {
    const { files, store, notice, onBroken, onRecovered } = this.#options;
    const variant = variantOf(manifest);
    let last: LoadProgress | undefined;
    const onProgress = (progress: LoadProgress) => {
      last = progress;
      report(progress);
    };
    const context: BackendContext = {
      preference: this.#options.backend,
      step: (phase) => {
        if (signal.aborted) throw loadCancelled();
        if (last) report({ ...last, phase });
      },
      notice,
      verdict: (key) => store.verdict(key),
      rememberVerdict: (verdict) => store.rememberVerdict(verdict),
      hasPassed: (key) => store.hasPassed(key),
      rememberPassed: (key) => store.rememberPassed(key),
    };
    // Whatever goes wrong there, `selectBackend` meets again and explains.
    startRuntimeFor({ manifest, variant }, context).catch(() => undefined);
    const { classNames, kept, ...bytes } = await files.read(manifest, variant, { signal, onProgress });
    const backend = await selectBackend({ ...bytes, manifest, variant }, context);
    if (signal.aborted) {
      await backend.release();
      throw loadCancelled();
    }
    const loaded: Loaded = new Loaded({
      manifest,
      variant,
      classNames,
      backend,
      reopen: (reason) => this.#reopen(manifest, backend.provider, reason),
      onRecovered: () => onRecovered(loaded),
      onBroken,
    });
    return { loaded, kept };
  }

  /** A backend for a model whose own was lost; its files come from the store. */
  async #reopen(manifest: Manifest, provider: Backend['provider'], reason: string): Promise<Backend> {
    const { files, notice, backend: preference } = this.#options;
    const variant = variantOf(manifest);
    const { signal } = new AbortController();
    const job = {
      ...(await files.read(manifest, variant, { signal, onProgress: () => undefined })),
      manifest,
      variant,
    };
    const lost = `${provider === 'webgpu' ? 'The graphics device was lost' : 'The runtime failed'} (${reason})`;
    try {
      const { backend } = await openBackend(provider, job);
      notice('DEVICE_LOST', `${lost} and was opened again; ${backend.name} goes on.`);
      return backend;
    } catch (error) {
      if (provider === 'wasm' || preference === 'webgpu') throw error;
      const { backend } = await openBackend('wasm', job);
      notice('DEVICE_LOST', `${lost} and did not come back; ${backend.name} goes on.`);
      return backend;
    }
  }
}
