/**
 * A model that can answer, and what keeps it answering: runs prepared pixels on its backend and replaces a
 * backend that fails (a lost graphics device) in place. Knows no queue and no pictures.
 */
import type { Classification, LoadedModel } from '../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import { type Manifest, toLoadedModel, type Variant } from '../core/manifest.ts';
import { normalizeInto, tensorLength } from '../core/normalize.ts';
import { toPredictions } from '../core/scores.ts';
import { letGo } from './backends.ts';
import type { Backend } from './ort.ts';

/** Backends opened in a row, without one good run between them, before a model is given up. */
const MAX_RECOVERIES = 2;

export interface LoadedOptions {
  readonly manifest: Manifest;
  readonly variant: Variant;
  readonly classNames: readonly string[];
  readonly backend: Backend;
  /** Opens another backend for the same model after one failed for `reason`. */
  reopen(reason: string): Promise<Backend>;
  /** No backend could be opened any more. */
  onBroken(error: TwinlensError): void;
  /** The provider may have changed. */
  onRecovered(): void;
}

export interface Answer extends Pick<Classification, 'predictions' | 'notSure' | 'provider'> {
  /** Milliseconds. */
  readonly timings: { readonly normalize: number; readonly infer: number };
}

export class Loaded {
  readonly manifest: Manifest;
  /** The model's input; one run at a time uses it. */
  readonly #tensor: Float32Array<ArrayBuffer>;
  readonly #options: LoadedOptions;
  #backend: Promise<Backend>;
  #provider: Backend['provider'];
  readonly #replaced = new WeakSet<Backend>();
  #recoveries = 0;
  #ended = false;

  constructor(options: LoadedOptions) {
    this.manifest = options.manifest;
    this.#tensor = new Float32Array(tensorLength(options.manifest.input));
    this.#options = options;
    this.#provider = options.backend.provider;
    this.#backend = Promise.resolve(options.backend);
    this.#guard(options.backend);
  }

  get summary(): LoadedModel {
    const { manifest, variant } = this.#options;
    return toLoadedModel(manifest, this.#provider, variant.name);
  }

  /**
   * @param pixels what `prepareRgb` gave. Errors: ENGINE_FAILED. A run that a lost device interrupted is run
   * again on its successor.
   */
  async run(pixels: Uint8Array, top: number): Promise<Answer> {
    const { manifest, classNames } = this.#options;
    const begin = performance.now();
    const tensor = this.#tensor;
    normalizeInto(pixels, manifest.input, tensor, 0);
    const normalised = performance.now();
    let backend = await this.#backend;
    let values: Float32Array;
    try {
      values = await backend.run(tensor);
    } catch (error) {
      backend = await this.#recover(backend, asTwinlensError(error).message);
      values = await backend.run(tensor).catch((cause: unknown) => {
        throw asTwinlensError(cause, 'ENGINE_FAILED');
      });
    }
    this.#recoveries = 0;
    const predictions = toPredictions(values, manifest.output, classNames, top);
    return {
      predictions,
      notSure: (predictions[0]?.score ?? 0) < manifest.notSureBelow,
      provider: backend.provider,
      timings: { normalize: normalised - begin, infer: performance.now() - normalised },
    };
  }

  /** Frees the session. The caller has seen to it that nothing runs. */
  async release(): Promise<void> {
    this.#ended = true;
    try {
      await letGo(await this.#backend);
    } catch {
      // The backend was being replaced and could not be: there is nothing to free, and onBroken has told.
    }
  }

  /** A device can be lost between runs; then the next picture need not wait for the recovery. */
  #guard(backend: Backend): void {
    void backend.lost.then((reason) => {
      this.#recover(backend, reason).catch(() => {
        // `onBroken` has told; the next run hears of it by itself.
      });
    });
  }

  /** The failing run and the lost device tell of the same loss: the second to come gets the same successor. */
  async #recover(failed: Backend, reason: string): Promise<Backend> {
    if (this.#replaced.has(failed)) return this.#backend;
    if (this.#ended) throw new TwinlensError('MODEL_NOT_READY', 'The model was unloaded.');
    this.#replaced.add(failed);
    this.#recoveries += 1;
    this.#backend = this.#reopen(failed, reason);
    return this.#backend;
  }

  async #reopen(failed: Backend, reason: string): Promise<Backend> {
    await letGo(failed);
    try {
      if (this.#recoveries > MAX_RECOVERIES) {
        throw new TwinlensError('ENGINE_FAILED', `The model keeps failing on this device: ${reason}`);
      }
      const backend = await this.#options.reopen(reason);
      this.#provider = backend.provider;
      this.#guard(backend);
      this.#options.onRecovered();
      return backend;
    } catch (error) {
      const known = asTwinlensError(error, 'ENGINE_FAILED');
      this.#options.onBroken(known);
      throw known;
    }
  }
}
