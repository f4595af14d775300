/**
 * The page's side of the device engine: spawns the worker, hands calls over, and replaces a worker
 * that crashed or fell silent. Guarantees: every call ends once; after a replacement the model is
 * loaded again and calls whose picture still exists are sent once more. Runs no model itself.
 */
import type {
  Classification,
  ClassifyOptions,
  EncodedImage,
  EngineEvent,
  EngineStatus,
  ImageInput,
  LoadedModel,
  LoadOptions,
  LoadProgress,
  NoticeCode,
} from '../core/engine.ts';
import { asTwinlensError, fromErrorBody, TwinlensError, toErrorBody } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import type {
  DeviceCapabilities,
  DeviceEngine,
  DeviceEngineOptions,
  Picture,
  PictureOptions,
  Prepared,
} from './engine.ts';
import { type CallLimits, type Entry, Requests } from './requests.ts';
import { type FromWorker, type Method, type Params, parseFromWorker, type Result, transferables } from './wire.ts';

/** The slice of Worker that the proxy uses. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
}

/** What of the platform the proxy needs; timers return the way to stop them. */
export interface ProxyPlatform {
  spawn(): WorkerLike;
  setInterval(callback: () => void, ms: number): () => void;
  setTimeout(callback: () => void, ms: number): () => void;
  origin(): string;
}

const RUN_TIMEOUT_MS = 10_000;
const LOAD_TIMEOUT_MS = 120_000;
/** Replacements in a row, without one answer between them, after which the engine gives up. */
const MAX_REPLACEMENTS = 3;

const NO_PROGRESS: LoadProgress = { phase: 'manifest', loadedBytes: 0, totalBytes: 0, fromStore: false };

/** Calls that may take as long as a load. */
const SLOW: ReadonlySet<Method> = new Set(['load', 'describe']);

export class WorkerProxy implements DeviceEngine {
  readonly #options: DeviceEngineOptions;
  readonly #platform: ProxyPlatform;
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #requests: Requests;
  /** Ids that the living worker has not answered, wanted or not, with their method. */
  readonly #unanswered = new Map<number, Method>();
  #worker: WorkerLike | undefined;
  #status: EngineStatus = { state: 'empty' };
  #greeted = false;
  #closed = false;
  #hung = false;
  #replacements = 0;
  /** Set while a new worker loads what the old one had; other calls wait unsent. */
  #reviving = false;
  #described: string | undefined;
  /** The model that answered last, pinned to its version: what a new worker must load. */
  #loaded: string | undefined;
  #stopWatch: (() => void) | undefined;
  #silentMs = 0;

  constructor(options: DeviceEngineOptions, platform: ProxyPlatform) {
    this.#options = options;
    this.#platform = platform;
    this.#requests = new Requests(platform.setTimeout, (id, sent) => {
      if (sent) this.#worker?.postMessage({ kind: 'cancel', id }, []);
    });
  }

  get status(): EngineStatus {
    return this.#status;
  }

  load(spec: string, options: LoadOptions = {}): Promise<LoadedModel> {
    return this.#call('load', { spec }, { signal: options.signal });
  }

  async unload(): Promise<void> {
    await this.#call('unload', {});
  }

  async describe(spec: string): Promise<Manifest> {
    const manifest = await this.#call('describe', { spec });
    this.#described = `${manifest.name}@${manifest.version}`;
    return manifest;
  }

  classify(image: ImageInput, options: ClassifyOptions = {}): Promise<Classification> {
    const { signal, ...rest } = options;
    return this.#call('classify', { image, options: rest }, { signal, ...rest });
  }

  prepare(picture: Picture, options: PictureOptions = {}): Promise<Prepared> {
    return this.#call('prepare', { picture }, options, picture);
  }

  classifyPrepared(prepared: Prepared, options: ClassifyOptions = {}): Promise<Classification> {
    const { signal, ...rest } = options;
    return this.#call('classifyPrepared', { prepared, options: rest }, { signal, ...rest });
  }

  classifyPicture(picture: Picture, options: ClassifyOptions = {}): Promise<Classification> {
    const { signal, ...rest } = options;
    return this.#call('classifyPicture', { picture, options: rest }, { signal, ...rest }, picture);
  }

  encode(picture: Picture, options: PictureOptions = {}): Promise<EncodedImage> {
    return this.#call('encode', { picture }, options, picture).then(({ encoding, data }) => ({ encoding, data }));
  }

  capabilities(): Promise<DeviceCapabilities> {
    return this.#call('capabilities', {});
  }

  async clearStore(): Promise<void> {
    await this.#call('clearStore', {});
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end();
    for (const entry of this.#requests.all()) entry.reject(closedError());
    this.#setStatus({ state: 'empty' });
    this.#listeners.clear();
  }

  #call<M extends Method>(
    method: M,
    params: Params<M>,
    limits: CallLimits = {},
    picture?: Picture,
  ): Promise<Result<M>> {
    if (this.#closed) return Promise.reject(closedError());
    const transfer = picture ? transferables(picture) : [];
    return this.#requests.open(method, params, transfer, limits, (entry) => {
      if (!this.#worker) this.#spawn();
      if (!this.#reviving) this.#send(entry);
    });
  }

  #send(entry: Entry): void {
    if (!this.#worker) {
      entry.reject(new TwinlensError('ENGINE_FAILED', 'This browser did not start the inference worker.'));
      return;
    }
    const { id, method, params, transfer } = entry;
    try {
      this.#worker.postMessage({ kind: 'call', id, method, params }, [...transfer]);
    } catch (cause) {
      entry.reject(
        new TwinlensError('INVALID_ARGUMENT', `The picture can't be handed to the worker: ${String(cause)}`, { cause }),
      );
      return;
    }
    entry.sent = true;
    this.#unanswered.set(id, method);
    this.#watch();
  }

  #spawn(): void {
    this.#greeted = false;
    let worker: WorkerLike;
    try {
      worker = this.#platform.spawn();
    } catch (cause) {
      const error = new TwinlensError('ENGINE_FAILED', `This browser can't start the inference worker: ${cause}`, {
        cause,
      });
      this.#giveUp(error);
      return;
    }
    this.#worker = worker;
    worker.onmessage = (event) => {
      if (worker === this.#worker) this.#hear(event.data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.#worker) this.#replace(event.message || 'its script could not be loaded');
    };
    worker.onmessageerror = () => {
      if (worker === this.#worker) this.#replace('a message could not be read');
    };
    const gatewayUrl = (this.#options.gatewayUrl || this.#platform.origin()).replace(/\/+$/, '');
    const asked = this.#options.backend ?? 'auto';
    worker.postMessage({ kind: 'start', gatewayUrl, backend: asked === 'auto' && this.#hung ? 'wasm' : asked }, []);
  }

  #hear(data: unknown): void {
    this.#silentMs = 0;
    let message: FromWorker;
    try {
      message = parseFromWorker(data);
    } catch (error) {
      this.#replace(asTwinlensError(error).message);
      return;
    }
    switch (message.kind) {
      case 'hello':
        this.#greeted = true;
        return;
      case 'value':
        this.#answered(message.id);
        this.#replacements = 0;
        this.#requests.get(message.id)?.resolve(message.value);
        return;
      case 'error':
        this.#answered(message.id);
        this.#requests.get(message.id)?.reject(fromErrorBody(message.error));
        return;
      case 'event':
        if (message.event.type === 'status') this.#setStatus(message.event.status);
        else this.#emit(message.event);
        return;
      case 'replace':
        this.#replace(message.reason);
        return;
      default: {
        const impossible: never = message;
        throw new TwinlensError('INTERNAL', `Unknown message: ${JSON.stringify(impossible)}`);
      }
    }
  }

  #answered(id: number): void {
    this.#unanswered.delete(id);
    if (this.#unanswered.size === 0) this.#stopWatching();
  }

  /** Counts ticks instead of reading a clock: a laptop that slept for an hour is no hung worker. */
  #watch(): void {
    if (this.#stopWatch) return;
    const runLimit = this.#options.runTimeoutMs ?? RUN_TIMEOUT_MS;
    const loadLimit = this.#options.loadTimeoutMs ?? LOAD_TIMEOUT_MS;
    const tick = Math.min(1000, runLimit / 4);
    this.#silentMs = 0;
    this.#stopWatch = this.#platform.setInterval(() => {
      this.#silentMs += tick;
      const slow = !this.#greeted || [...this.#unanswered.values()].some((method) => SLOW.has(method));
      if (this.#silentMs >= (slow ? loadLimit : runLimit)) {
        // What hangs for good is WebGPU, if anything; the next worker does without.
        this.#hung = true;
        this.#replace(`it said nothing for ${Math.round(this.#silentMs / 1000)} s`);
      }
    }, tick);
  }

  #stopWatching(): void {
    this.#stopWatch?.();
    this.#stopWatch = undefined;
  }

  #end(): void {
    this.#stopWatching();
    this.#unanswered.clear();
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  /** Ends the worker and starts another that takes over its model and, once each, its calls. */
  #replace(reason: string): void {
    this.#end();
    this.#replacements += 1;
    const lost = new TwinlensError('ENGINE_FAILED', `The inference worker was replaced: ${reason}. Try again.`);
    for (const entry of this.#requests.all()) {
      if (!entry.sent) continue;
      // A frame went down with the worker; a call that killed two workers isn't given a third.
      if (entry.retried || entry.transfer.length > 0) entry.reject(lost);
      else {
        entry.sent = false;
        entry.retried = true;
      }
    }
    if (this.#replacements > MAX_REPLACEMENTS) {
      this.#giveUp(
        new TwinlensError('ENGINE_FAILED', `The inference worker keeps failing: ${reason}. Reload the page.`),
      );
      return;
    }
    this.#notice('WORKER_RESTARTED', `The inference worker was replaced: ${reason}.`);
    this.#spawn();
    if (this.#worker) void this.#revive();
  }

  async #revive(): Promise<void> {
    const worker = this.#worker;
    const spec = this.#loaded;
    this.#reviving = true;
    if (spec) this.#setStatus({ state: 'loading', spec, progress: NO_PROGRESS });
    try {
      if (this.#described && this.#described !== spec) await this.#first('describe', { spec: this.#described });
      if (spec && worker === this.#worker) await this.#first('load', { spec });
    } catch (error) {
      if (worker !== this.#worker) return;
      for (const entry of this.#requests.all()) {
        if (!entry.sent && entry.method !== 'load') entry.reject(asTwinlensError(error));
      }
    }
    if (worker !== this.#worker) return;
    this.#reviving = false;
    for (const entry of this.#requests.all()) if (!entry.sent) this.#send(entry);
  }

  /** A call that goes ahead of those that wait for the new worker to be as the old one was. */
  #first<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    return this.#requests.open(method, params, [], {}, (entry) => {
      entry.retried = true;
      this.#send(entry);
    });
  }

  #giveUp(error: TwinlensError): void {
    this.#reviving = false;
    this.#replacements = 0;
    for (const entry of this.#requests.all()) entry.reject(error);
    const spec = specOf(this.#status);
    this.#setStatus({ state: 'failed', spec, error: toErrorBody(error) });
  }

  #setStatus(status: EngineStatus): void {
    this.#status = status;
    if (status.state === 'ready') this.#loaded = `${status.model.name}@${status.model.version}`;
    else if (status.state !== 'loading') this.#loaded = undefined;
    this.#emit({ type: 'status', status });
  }

  #notice(code: NoticeCode, message: string): void {
    this.#emit({ type: 'notice', code, message });
  }

  #emit(event: EngineEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

function specOf(status: EngineStatus): string {
  switch (status.state) {
    case 'ready':
      return status.model.name;
    case 'loading':
    case 'failed':
      return status.spec;
    case 'empty':
      return '';
    default: {
      const impossible: never = status;
      return impossible;
    }
  }
}

const closedError = () => new TwinlensError('CANCELLED', 'The device engine was closed.');
