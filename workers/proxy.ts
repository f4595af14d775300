/**
 * The page's side of one worker: hands calls to the worker and replaces one that crashed or
 * fell silent. Guarantees: every call ends once; after a replacement the model is
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
import { type Method, type Params, type Result, transferables } from './wire.ts';
import { type Platform, WorkerHost, type WorkerHostEvents } from './worker-host.ts';

/** Replacements in a row, without one answer between them, after which the engine gives up. */
const MAX_REPLACEMENTS = 3;

const NO_PROGRESS: LoadProgress = { phase: 'manifest', loadedBytes: 0, totalBytes: 0, fromStore: false };

/** `swapping-engine.ts` updates by putting one of these in the place of another. */
export class WorkerProxy implements Omit<DeviceEngine, 'update'> {
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #requests: Requests;
  readonly #host: WorkerHost;
  #status: EngineStatus = { state: 'empty' };
  #closed = false;
  #replacements = 0;
  /** Set while a new worker loads what the old one had; other calls wait unsent. */
  #reviving = false;
  /** The model that answered last, pinned to its version: what a new worker must load. */
  #loaded: string | undefined;
  /** The model described since: what a new worker must prepare pictures for. */
  #described: string | undefined;

  constructor(options: DeviceEngineOptions, platform: Platform) {
    this.#requests = new Requests(platform.setTimeout, (id, sent) => {
      if (sent) this.#host.cancel(id);
    });
    this.#host = new WorkerHost(options, platform, {
      onMessage: (message) => this.#hear(message),
      onLost: (reason) => this.#replace(reason),
    });
  }

  get status(): EngineStatus {
    return this.#status;
  }

  async load(spec: string, options: LoadOptions = {}): Promise<LoadedModel> {
    const model = await this.#call('load', { spec }, { signal: options.signal });
    this.#described = undefined;
    return model;
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
    this.#host.end();
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
      if (!this.#host.current) this.#start();
      if (!this.#reviving) this.#send(entry);
    });
  }

  #send(entry: Entry): void {
    try {
      this.#host.send(entry);
      entry.sent = true;
    } catch (error) {
      entry.reject(asTwinlensError(error));
    }
  }

  /** Whether there is a worker now; without one every call has been rejected. */
  #start(): boolean {
    try {
      this.#host.start();
      return true;
    } catch (error) {
      this.#giveUp(asTwinlensError(error));
      return false;
    }
  }

  #hear(message: Parameters<WorkerHostEvents['onMessage']>[0]): void {
    switch (message.kind) {
      case 'value':
        this.#replacements = 0;
        this.#requests.get(message.id)?.resolve(message.value);
        return;
      case 'error':
        this.#requests.get(message.id)?.reject(fromErrorBody(message.error));
        return;
      case 'event':
        if (message.event.type === 'status') this.#setStatus(message.event.status);
        else this.#emit(message.event);
        return;
      default: {
        const impossible: never = message;
        throw new TwinlensError('INTERNAL', `Unknown message: ${JSON.stringify(impossible)}`);
      }
    }
  }

  /** Ends the worker and starts another that takes over its model and, once each, its calls. */
  #replace(reason: string): void {
    this.#host.end();
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
    if (this.#start()) void this.#revive();
  }

  async #revive(): Promise<void> {
    const worker = this.#host.current;
    const spec = this.#loaded;
    this.#reviving = true;
    if (spec) this.#setStatus({ state: 'loading', spec, progress: NO_PROGRESS });
    try {
      if (spec) await this.#first('load', { spec });
      if (this.#described && worker === this.#host.current) await this.#first('describe', { spec: this.#described });
    } catch (error) {
      if (worker !== this.#host.current) return;
      for (const entry of this.#requests.all()) {
        if (!entry.sent && entry.method !== 'load') entry.reject(asTwinlensError(error));
      }
    }
    // A second replacement has a revival of its own.
    if (worker !== this.#host.current) return;
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
