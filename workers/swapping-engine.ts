/**
 * The device engine as the page holds it: a worker that serves and, during an update, a second one that
 * gets the next model ready. Guarantees: a call goes to the model that serves when it is made, and that one
 * answers it; an update that fails changes nothing. Runs no model itself.
 */
import type { EngineEvent, EngineStatus, LoadedModel, LoadOptions } from '../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import { CountedProxy } from './counted-proxy.ts';
import type { DeviceEngine, DeviceEngineOptions, Updated, UpdateOptions } from './engine.ts';
import { WorkerProxy } from './proxy.ts';
import type { Platform } from './worker-host.ts';

/** Notices of a candidate that are held back until it serves; the oldest goes first. */
const HELD_NOTICES = 8;

interface Candidate {
  readonly worker: CountedProxy;
  /** Why it is no longer wanted. */
  ended: TwinlensError | undefined;
}

export class SwappingEngine implements DeviceEngine {
  readonly #options: DeviceEngineOptions;
  readonly #platform: Platform;
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #retiring = new Set<CountedProxy>();
  #serving: CountedProxy;
  #unfollow: () => void;
  #candidate: Candidate | undefined;
  /** There is a model to go on with; it may be coming back just now in a new worker. */
  #serves = false;
  #closed = false;

  readonly describe = this.#forward(({ describe }) => describe);
  readonly classify = this.#forward(({ classify }) => classify);
  readonly prepare = this.#forward(({ prepare }) => prepare);
  readonly classifyPrepared = this.#forward(({ classifyPrepared }) => classifyPrepared);
  readonly classifyPicture = this.#forward(({ classifyPicture }) => classifyPicture);
  readonly encode = this.#forward(({ encode }) => encode);
  readonly capabilities = this.#forward(({ capabilities }) => capabilities);

  constructor(options: DeviceEngineOptions, platform: Platform) {
    this.#options = options;
    this.#platform = platform;
    this.#serving = this.#newWorker();
    this.#unfollow = this.#follow(this.#serving);
  }

  get status(): EngineStatus {
    return this.#serving.proxy.status;
  }

  load(spec: string, options: LoadOptions = {}): Promise<LoadedModel> {
    this.#endUpdate(superseded());
    return this.#serving.call((proxy) => proxy.load(spec, options));
  }

  unload(): Promise<void> {
    this.#endUpdate(new TwinlensError('CANCELLED', 'The model was unloaded.'));
    return this.#serving.call((proxy) => proxy.unload());
  }

  async update(spec: string, options: UpdateOptions = {}): Promise<Updated> {
    if (this.#closed) throw closedError();
    this.#endUpdate(superseded());
    if (this.#serves) return this.#replace(spec, options);
    const model = await this.load(spec, options);
    return { model, manifest: await this.describe(`${model.name}@${model.version}`) };
  }

  clearStore(): Promise<void> {
    // What it has fetched would be kept behind the back of whoever asked to forget.
    this.#endUpdate(new TwinlensError('CANCELLED', 'The stored models were deleted.'));
    return this.#serving.call((proxy) => proxy.clearStore());
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endUpdate(closedError());
    for (const worker of this.#retiring) worker.close();
    this.#retiring.clear();
    this.#serving.close();
    this.#listeners.clear();
  }

  /** A call as the worker that serves when it is made takes it. */
  #forward<Args extends unknown[], Value>(
    method: (proxy: WorkerProxy) => (...args: Args) => Promise<Value>,
  ): (...args: Args) => Promise<Value> {
    return (...args) => this.#serving.call((proxy) => method(proxy).apply(proxy, args));
  }

  #newWorker(): CountedProxy {
    return new CountedProxy(new WorkerProxy(this.#options, this.#platform));
  }

  #follow({ proxy }: CountedProxy): () => void {
    return proxy.subscribe((event) => {
      if (event.type === 'status' && event.status.state !== 'loading') this.#serves = event.status.state === 'ready';
      this.#emit(event);
    });
  }

  /** Gets `spec` ready in a second worker, then lets that one serve. */
  async #replace(spec: string, { signal, onProgress }: UpdateOptions): Promise<Updated> {
    if (signal?.aborted) throw updateCancelled();
    const candidate: Candidate = { worker: this.#newWorker(), ended: undefined };
    const { proxy } = candidate.worker;
    this.#candidate = candidate;
    const onAbort = () => endCandidate(candidate, updateCancelled());
    signal?.addEventListener('abort', onAbort, { once: true });
    const notices: EngineEvent[] = [];
    const stopListening = proxy.subscribe((event) => {
      if (event.type === 'notice') {
        // That a worker which never served was started again concerns nobody.
        if (event.code !== 'WORKER_RESTARTED') notices.push(event);
        if (notices.length > HELD_NOTICES) notices.shift();
      } else if (event.status.state === 'loading') onProgress?.(event.status.progress);
    });
    try {
      const manifest = await proxy.describe(spec);
      const model = await proxy.load(`${manifest.name}@${manifest.version}`);
      if (candidate.ended) throw candidate.ended;
      stopListening();
      this.#swap(candidate.worker, notices);
      return { model, manifest };
    } catch (error) {
      proxy.close();
      throw candidate.ended ?? asTwinlensError(error, 'ENGINE_FAILED');
    } finally {
      stopListening();
      signal?.removeEventListener('abort', onAbort);
      if (this.#candidate === candidate) this.#candidate = undefined;
    }
  }

  /** In one go: no call can be made between the old one's last and the new one's first. */
  #swap(next: CountedProxy, notices: readonly EngineEvent[]): void {
    const old = this.#serving;
    this.#unfollow();
    this.#serving = next;
    this.#unfollow = this.#follow(next);
    this.#serves = true;
    this.#retiring.add(old);
    old.retire(this.#platform.setTimeout, () => this.#retiring.delete(old));
    for (const notice of notices) this.#emit(notice);
    this.#emit({ type: 'status', status: this.status });
  }

  #endUpdate(why: TwinlensError): void {
    const candidate = this.#candidate;
    this.#candidate = undefined;
    if (candidate) endCandidate(candidate, why);
  }

  #emit(event: EngineEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

function endCandidate(candidate: Candidate, why: TwinlensError): void {
  candidate.ended = why;
  candidate.worker.close();
}

const closedError = () => new TwinlensError('CANCELLED', 'The device engine was closed.');
const updateCancelled = () => new TwinlensError('CANCELLED', 'The update was cancelled.');
const superseded = () => new TwinlensError('SUPERSEDED', 'A newer update of the model took its place.');
