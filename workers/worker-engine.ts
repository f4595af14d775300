/**
 * The engine inside the worker: `InferenceEngine` and the methods of the device engine, on this
 * worker's own backend. Guarantees: a failed or cancelled load changes nothing that is ready; every
 * call ends once. Knows no messages.
 */
import {
  type Classification,
  type ClassifyOptions,
  DEFAULT_TOP,
  type EncodedImage,
  type EngineEvent,
  type EngineStatus,
  type ImageInput,
  type InferenceEngine,
  type LoadedModel,
  type LoadOptions,
  type LoadProgress,
  type NoticeCode,
} from '../core/engine.ts';
import { asTwinlensError, TwinlensError, toErrorBody } from '../core/errors.ts';
import { type Manifest, variantOf } from '../core/manifest.ts';
import { normalizeInto, tensorLength } from '../core/normalize.ts';
import { probeAdapter, probeWasm } from './adapter.ts';
import { type BackendContext, openBackend, selectBackend } from './backends.ts';
import { Catalogue, type Found } from './catalogue.ts';
import type { BackendPreference, DeviceCapabilities, Picture, Prepared } from './engine.ts';
import { Loaded } from './loaded.ts';
import { Lock } from './lock.ts';
import { type Backend, RuntimeFailure } from './ort.ts';
import { PackageFiles } from './package-files.ts';
import { closePicture } from './picture.ts';
import { Pictures, type Pixels } from './pictures.ts';
import { ModelStore } from './store.ts';
import { Turns } from './turns.ts';

export interface WorkerEngineOptions {
  /** Absolute origin of the gateway. */
  readonly gatewayUrl: string;
  readonly backend: BackendPreference;
  /** Only a new worker can help: ONNX Runtime does not start twice in one. */
  onNeedsReplacement(reason: string): void;
}

const cancelled = () => new TwinlensError('CANCELLED', 'Loading the model was cancelled.');

export class WorkerEngine implements InferenceEngine {
  readonly #options: WorkerEngineOptions;
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #store: ModelStore;
  readonly #catalogue: Catalogue;
  readonly #files: PackageFiles;
  readonly #pictures = new Pictures();
  readonly #turns = new Turns();
  /** Loads and unloads, one after the other. */
  readonly #lifecycle = new Lock();
  #endLoads = new AbortController();
  #status: EngineStatus = { state: 'empty' };
  #loaded: Loaded | undefined;
  /** The manifest last described or loaded: what `prepare` and `encode` work for. */
  #manifest: Manifest | undefined;

  constructor(options: WorkerEngineOptions) {
    this.#options = options;
    this.#store = new ModelStore((code, message) => this.#notice(code, message));
    this.#catalogue = new Catalogue(options.gatewayUrl, this.#store);
    this.#files = new PackageFiles(this.#catalogue, this.#store);
  }

  get status(): EngineStatus {
    return this.#status;
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  load(spec: string, { signal }: LoadOptions = {}): Promise<LoadedModel> {
    const abort = new AbortController();
    const onAbort = () => abort.abort();
    const everyLoad = this.#endLoads.signal;
    if (signal?.aborted) return Promise.reject(cancelled());
    signal?.addEventListener('abort', onAbort, { once: true });
    everyLoad.addEventListener('abort', onAbort, { once: true });
    return this.#lifecycle
      .run(() => this.#load(spec, abort.signal))
      .finally(() => {
        signal?.removeEventListener('abort', onAbort);
        everyLoad.removeEventListener('abort', onAbort);
      });
  }

  unload(): Promise<void> {
    this.#endLoads.abort();
    this.#endLoads = new AbortController();
    return this.#lifecycle.run(async () => {
      await this.#turns.clear(
        new TwinlensError('MODEL_NOT_READY', "The model was unloaded before this picture's turn came."),
      );
      const loaded = this.#loaded;
      this.#loaded = undefined;
      await loaded?.release();
      this.#setStatus({ state: 'empty' });
    });
  }

  async describe(spec: string, signal?: AbortSignal): Promise<Manifest> {
    const { manifest, labels } = await this.#catalogue.find(spec, signal);
    await this.#store.remember(manifest, labels);
    this.#manifest = manifest;
    return manifest;
  }

  async prepare(picture: Picture): Promise<Prepared> {
    const { input } = this.#known(picture);
    return this.#pictures.describe(await this.#pictures.prepare(picture, input), input);
  }

  async encode(picture: Picture): Promise<EncodedImage & { readonly data: Uint8Array<ArrayBuffer> }> {
    const manifest = this.#known(picture);
    return { encoding: 'jpeg', data: await this.#pictures.encode(picture, manifest) };
  }

  classify(image: ImageInput, options: ClassifyOptions = {}): Promise<Classification> {
    return this.#classify(options, ({ manifest }) => this.#pictures.prepareImage(image, manifest.input));
  }

  classifyPicture(picture: Picture, options: ClassifyOptions = {}): Promise<Classification> {
    const prepare = ({ manifest }: Loaded) => this.#pictures.prepare(picture, manifest.input);
    return this.#classify(options, prepare, () => closePicture(picture));
  }

  classifyPrepared(prepared: Prepared, options: ClassifyOptions = {}): Promise<Classification> {
    return this.#classify(options, async ({ manifest }) => {
      const expected = tensorLength(manifest.input);
      if (prepared.pixels.length !== expected) {
        throw new TwinlensError(
          'INVALID_ARGUMENT',
          `The picture was prepared for another model: ${prepared.pixels.length} bytes instead of ${expected}. Prepare it again.`,
        );
      }
      return { ...prepared, data: prepared.pixels };
    });
  }

  async capabilities(): Promise<DeviceCapabilities> {
    const { available, fallbackAdapter, reason } = await probeAdapter();
    const { usage = 0, quota = 0 } = 'storage' in navigator ? await navigator.storage.estimate() : {};
    return {
      wasm: probeWasm(),
      webgpu: { available, fallbackAdapter, reason },
      crossOriginIsolated,
      storage: { usage, quota, kind: await this.#store.kind() },
    };
  }

  clearStore(): Promise<void> {
    return this.#store.clear();
  }

  /** `skip` frees what `prepare` would have used up. */
  #classify(
    options: ClassifyOptions,
    prepare: (loaded: Loaded) => Promise<Pixels>,
    skip: () => void = () => undefined,
  ): Promise<Classification> {
    const called = performance.now();
    const { top = DEFAULT_TOP, deadlineMs } = options;
    const classes = this.#loaded?.manifest.output.classes;
    const wrong =
      classes === undefined
        ? new TwinlensError('MODEL_NOT_READY', 'No model is loaded; load one first.')
        : wrongOptions(top, deadlineMs, classes);
    if (wrong) {
      skip();
      return Promise.reject(wrong);
    }
    const task = async (): Promise<Classification> => {
      const started = performance.now();
      const loaded = this.#loaded;
      if (!loaded) {
        skip();
        throw new TwinlensError('MODEL_NOT_READY', 'The model was unloaded.');
      }
      const { manifest } = loaded;
      const pixels = await prepare(loaded);
      const normalising = performance.now();
      const tensor = new Float32Array(tensorLength(manifest.input));
      normalizeInto(pixels.data, manifest.input, tensor, 0);
      const inferring = performance.now();
      const { predictions, notSure, provider } = await loaded.run(tensor, top);
      const infer = performance.now() - inferring;
      const queue = started - called;
      const { decode } = pixels.timings;
      const prepareMs = pixels.timings.prepare + inferring - normalising;
      const { name, version, variant } = loaded.summary;
      return {
        model: name,
        version,
        variant,
        predictions,
        notSure,
        provider,
        cached: false,
        timings: { queue, decode, prepare: prepareMs, infer, total: queue + decode + prepareMs + infer },
        batchSize: 1,
      };
    };
    return this.#turns.take(options, task, skip);
  }

  #known(picture: Picture): Manifest {
    if (this.#manifest) return this.#manifest;
    closePicture(picture);
    throw new TwinlensError('MODEL_NOT_READY', 'No model is known yet; describe or load one first.');
  }

  async #load(spec: string, signal: AbortSignal): Promise<LoadedModel> {
    const before = this.#status;
    if (signal.aborted) throw cancelled();
    const report = (progress: LoadProgress) => {
      if (!signal.aborted) this.#setStatus({ state: 'loading', spec, progress });
    };
    try {
      report({ phase: 'manifest', loadedBytes: 0, totalBytes: 0, fromStore: false });
      const found = await this.#catalogue.find(spec, signal);
      const loaded = await this.#open(found, signal, report);
      const previous = this.#loaded;
      this.#manifest = found.manifest;
      if (loaded !== previous) {
        this.#loaded = loaded;
        // The picture that runs now still uses the old one.
        if (previous) await this.#turns.between(() => previous.release());
        await this.#store.remember(found.manifest, found.labels);
      }
      this.#setStatus({ state: 'ready', model: loaded.summary });
      return loaded.summary;
    } catch (error) {
      const known = signal.aborted ? cancelled() : asTwinlensError(error, 'ENGINE_FAILED');
      if (this.#loaded) this.#setStatus({ state: 'ready', model: this.#loaded.summary });
      else if (known.code === 'CANCELLED') this.#setStatus(before);
      else this.#setStatus({ state: 'failed', spec, error: toErrorBody(known) });
      if (known instanceof RuntimeFailure && !this.#loaded) this.#options.onNeedsReplacement(known.message);
      throw known;
    }
  }

  /** The model of `found`, with a backend that passed its goldens; the loaded one when it is the same. */
  async #open(found: Found, signal: AbortSignal, report: (progress: LoadProgress) => void): Promise<Loaded> {
    const { manifest } = found;
    const variant = variantOf(manifest);
    if (this.#loaded && sameModel(this.#loaded.manifest, manifest)) return this.#loaded;
    let last: LoadProgress | undefined;
    const onProgress = (progress: LoadProgress) => {
      last = progress;
      report(progress);
    };
    const { classNames, ...files } = await this.#files.read(manifest, variant, { signal, onProgress });
    const context = this.#context((phase) => {
      if (signal.aborted) throw cancelled();
      if (last) report({ ...last, phase });
    });
    const backend = await selectBackend({ ...files, manifest, variant }, context);
    if (signal.aborted) {
      await backend.release();
      throw cancelled();
    }
    const loaded: Loaded = new Loaded({
      manifest,
      variant,
      classNames,
      backend,
      reopen: (reason) => this.#reopen(manifest, backend.provider, reason),
      onRecovered: () => {
        if (this.#loaded === loaded) this.#setStatus({ state: 'ready', model: loaded.summary });
      },
      onBroken: (error) => this.#options.onNeedsReplacement(error.message),
    });
    return loaded;
  }

  /** A backend for a model whose own was lost; its files come from the store. */
  async #reopen(manifest: Manifest, provider: Backend['provider'], reason: string): Promise<Backend> {
    const variant = variantOf(manifest);
    const { signal } = new AbortController();
    const files = await this.#files.read(manifest, variant, { signal, onProgress: () => undefined });
    const job = { ...files, manifest, variant };
    const lost = `${provider === 'webgpu' ? 'The graphics device was lost' : 'The runtime failed'} (${reason})`;
    try {
      const { backend } = await openBackend(provider, job);
      this.#notice('DEVICE_LOST', `${lost} and was opened again; ${backend.name} goes on.`);
      return backend;
    } catch (error) {
      if (provider === 'wasm' || this.#options.backend === 'webgpu') throw error;
      const { backend } = await openBackend('wasm', job);
      this.#notice('DEVICE_LOST', `${lost} and did not come back; ${backend.name} goes on.`);
      return backend;
    }
  }

  #context(step: BackendContext['step']): BackendContext {
    return {
      preference: this.#options.backend,
      step,
      notice: (code, message) => this.#notice(code, message),
      verdict: (key) => this.#store.verdict(key),
      rememberVerdict: (verdict) => this.#store.rememberVerdict(verdict),
    };
  }

  #setStatus(status: EngineStatus): void {
    this.#status = status;
    this.#emit({ type: 'status', status });
  }

  #notice(code: NoticeCode, message: string): void {
    this.#emit({ type: 'notice', code, message });
  }

  #emit(event: EngineEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

function wrongOptions(top: number, deadlineMs: number | undefined, classes: number): TwinlensError | undefined {
  if (!Number.isInteger(top) || top < 1 || top > classes) {
    return new TwinlensError('INVALID_ARGUMENT', `top must be a whole number from 1 to ${classes}.`);
  }
  if (deadlineMs !== undefined && Number.isNaN(deadlineMs)) {
    return new TwinlensError('INVALID_ARGUMENT', 'deadlineMs must be a number of milliseconds.');
  }
  return undefined;
}

/** Same name and version, and the very same files. */
function sameModel(a: Manifest, b: Manifest): boolean {
  return a.name === b.name && a.version === b.version && JSON.stringify(a.files) === JSON.stringify(b.files);
}
