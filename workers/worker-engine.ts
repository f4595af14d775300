/**
 * The engine inside the worker: `InferenceEngine` and the methods of the device engine, on this
 * worker's own backend. Guarantees: a failed or cancelled load changes nothing that is ready; every
 * call ends once. Knows no messages.
 */
import type {
  Classification,
  ClassifyOptions,
  EngineEvent,
  EngineStatus,
  ImageInput,
  InferenceEngine,
  LoadedModel,
  LoadOptions,
  LoadProgress,
  NoticeCode,
} from '../core/engine.ts';
import { asTwinlensError, TwinlensError, toErrorBody } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { tensorLength } from '../core/normalize.ts';
import { predictionsOf } from '../core/top.ts';
import { probeAdapter, probeWasm } from './adapter.ts';
import { Catalogue, type Found } from './catalogue.ts';
import type { BackendPreference, DeviceCapabilities, Picture, Prepared } from './engine.ts';
import type { Loaded } from './loaded.ts';
import { Loader, loadCancelled, sameModel } from './loader.ts';
import { Lock } from './lock.ts';
import { RuntimeFailure } from './ort.ts';
import { PackageFiles } from './package-files.ts';
import { closePicture, type EncodedPicture } from './picture.ts';
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

export class WorkerEngine implements InferenceEngine {
  readonly #options: WorkerEngineOptions;
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #store: ModelStore;
  readonly #catalogue: Catalogue;
  readonly #loader: Loader;
  readonly #pictures = new Pictures();
  readonly #turns = new Turns();
  /** Loads and unloads, one after the other. */
  readonly #lifecycle = new Lock();
  #endLoads = new AbortController();
  #status: EngineStatus = { state: 'empty' };
  #loaded: Loaded | undefined;
  /** The manifest last described or loaded: what `prepare` and `encode` work for. */
  #manifest: Manifest | undefined;
  /** What the gateway has just told of the model that a load will most likely ask for; good for one load. */
  #described: Found | undefined;

  constructor(options: WorkerEngineOptions) {
    this.#options = options;
    this.#store = new ModelStore((code, message) => this.#notice(code, message));
    this.#catalogue = new Catalogue(options.gatewayUrl, this.#store);
    this.#loader = new Loader({
      files: new PackageFiles(this.#catalogue, this.#store),
      store: this.#store,
      backend: options.backend,
      notice: (code, message) => this.#notice(code, message),
      onRecovered: (loaded) => {
        if (loaded === this.#loaded) this.#setStatus({ state: 'ready', model: loaded.summary });
      },
      onBroken: (error) => options.onNeedsReplacement(error.message),
    });
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
    if (signal?.aborted) return Promise.reject(loadCancelled());
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
    const found = await this.#catalogue.find(spec, signal);
    const { manifest, labels } = found;
    // Nothing waits for it; what a load keeps later is written after it, under the same lock.
    void this.#store.mention(manifest, labels);
    this.#manifest = manifest;
    this.#described = found;
    return manifest;
  }

  async prepare(picture: Picture): Promise<Prepared> {
    const manifest = this.#known(picture);
    return this.#pictures.describe(await this.#pictures.prepare(picture, manifest.input), manifest);
  }

  async encode(picture: Picture): Promise<EncodedPicture> {
    const manifest = this.#known(picture);
    return this.#pictures.encode(picture, manifest);
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
      const { model, pixels } = prepared;
      const fits = pixels.length === tensorLength(manifest.input);
      // By identity, not by size alone: two models of one size may crop differently.
      if (!fits || model.name !== manifest.name || model.version !== manifest.version) {
        throw new TwinlensError(
          'INVALID_ARGUMENT',
          `The picture was prepared for ${model.name}@${model.version}, but ${manifest.name}@${manifest.version} runs. Prepare it again.`,
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
    try {
      if (!this.#loaded) throw new TwinlensError('MODEL_NOT_READY', 'No model is loaded; load one first.');
      checkOptions(options, this.#loaded.manifest);
    } catch (error) {
      skip();
      return Promise.reject(error);
    }
    const task = async (): Promise<Classification> => {
      const started = performance.now();
      const loaded = this.#loaded;
      if (!loaded) {
        skip();
        throw new TwinlensError('MODEL_NOT_READY', 'The model was unloaded.');
      }
      const pixels = await prepare(loaded);
      const { predictions, notSure, provider, timings } = await loaded.run(
        pixels.data,
        predictionsOf(options.top, loaded.manifest.output.classes),
      );
      const queue = started - called;
      const { decode } = pixels.timings;
      const { infer } = timings;
      const prepareMs = pixels.timings.prepare + timings.normalize;
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
    if (signal.aborted) throw loadCancelled();
    const report = (progress: LoadProgress) => {
      if (!signal.aborted) this.#setStatus({ state: 'loading', spec, progress });
    };
    try {
      report({ phase: 'manifest', loadedBytes: 0, totalBytes: 0, fromStore: false });
      const found = this.#takeDescribed(spec) ?? (await this.#catalogue.find(spec, signal));
      const previous = this.#loaded;
      if (previous !== undefined && sameModel(previous.manifest, found.manifest)) {
        this.#manifest = found.manifest;
        this.#setStatus({ state: 'ready', model: previous.summary });
        return previous.summary;
      }
      const { loaded, kept } = await this.#loader.open(found.manifest, signal, report);
      this.#manifest = found.manifest;
      this.#loaded = loaded;
      // The picture that runs now still uses the old one.
      if (previous) await this.#turns.between(() => previous.release());
      // It answers from now on; that a later visit finds it here is seen to meanwhile.
      this.#setStatus({ state: 'ready', model: loaded.summary });
      await kept;
      await this.#store.remember(found.manifest, found.labels);
      return loaded.summary;
    } catch (error) {
      const known = signal.aborted ? loadCancelled() : asTwinlensError(error, 'ENGINE_FAILED');
      if (this.#loaded) this.#setStatus({ state: 'ready', model: this.#loaded.summary });
      else if (known.code === 'CANCELLED') this.#setStatus(before);
      else this.#setStatus({ state: 'failed', spec, error: toErrorBody(known) });
      if (known instanceof RuntimeFailure && !this.#loaded) this.#options.onNeedsReplacement(known.message);
      throw known;
    }
  }

  /** Asking again for the version that was just described would cost a round trip before anything is fetched. */
  #takeDescribed(spec: string): Found | undefined {
    const found = this.#described;
    this.#described = undefined;
    return found && spec === `${found.manifest.name}@${found.manifest.version}` ? found : undefined;
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

/** Throws INVALID_ARGUMENT. */
function checkOptions({ top, deadlineMs }: ClassifyOptions, { output }: Manifest): void {
  predictionsOf(top, output.classes);
  if (deadlineMs !== undefined && Number.isNaN(deadlineMs)) {
    throw new TwinlensError('INVALID_ARGUMENT', 'deadlineMs must be a number of milliseconds.');
  }
}
