/**
 * The model on this device: finds out which one the gateway has by default, loads it when the routing
 * mode wants the device, and tells how far it is. Guarantees: in mode `only-gateway` no weights are
 * fetched; a load that waits for the network is tried again when that comes back. Runs no pictures.
 */
import type { EngineStatus, LoadedModel, LoadProgress } from '../../core/engine.ts';
import { asTwinlensError, type ErrorBody, TwinlensError, toErrorBody } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { DeviceCondition, RoutingMode } from '../../core/routing.ts';
import type { DeviceCapabilities, DeviceEngine, UpdateOptions } from '../../workers/engine.ts';
import { type ReadableStore, Store } from './store.ts';

export type ModelState =
  /** Nothing is wanted on this device: the mode is `only-gateway`. */
  | { readonly state: 'unwanted' }
  | { readonly state: 'loading'; readonly progress: LoadProgress | undefined }
  | { readonly state: 'ready'; readonly model: LoadedModel }
  | { readonly state: 'cancelled' }
  | { readonly state: 'failed'; readonly error: ErrorBody }
  /** This browser can't run models at all. */
  | { readonly state: 'impossible'; readonly reason: string };

export interface ModelView {
  readonly model: ModelState;
  /** Known as soon as the gateway or the store has told it; pictures are prepared by it. */
  readonly manifest: Manifest | undefined;
  readonly capabilities: DeviceCapabilities | undefined;
}

/** One version of one model. */
export interface ModelId {
  readonly name: string;
  readonly version: number;
}

export const specOf = ({ name, version }: ModelId): string => `${name}@${version}`;

export type ModelEngine = Pick<DeviceEngine, 'load' | 'update' | 'describe' | 'capabilities' | 'subscribe' | 'status'>;

export interface DeviceModelOptions {
  readonly engine: ModelEngine;
  /** Name of the gateway's default model. Rejects with UNAVAILABLE when the gateway does not answer. */
  readonly findName: () => Promise<string>;
  /** The name of an earlier visit, and the way to remember it. */
  readonly remembered: { model: string | undefined };
}

export class DeviceModel {
  readonly #options: DeviceModelOptions;
  readonly #view = new Store<ModelView>({
    model: { state: 'loading', progress: undefined },
    manifest: undefined,
    capabilities: undefined,
  });
  #abort: AbortController | undefined;
  #describing: Promise<Manifest> | undefined;
  #mode: RoutingMode | undefined;

  constructor(options: DeviceModelOptions) {
    this.#options = options;
    options.engine.subscribe((event) => {
      if (event.type === 'status') this.#followEngine(event.status);
    });
  }

  get view(): ReadableStore<ModelView> {
    return this.#view;
  }

  setMode(mode: RoutingMode): void {
    const before = this.#mode;
    this.#mode = mode;
    if (mode === 'only-gateway') {
      this.#stopLoading();
      if (this.#view.get().model.state !== 'ready') this.#show({ state: 'unwanted' });
    } else if (before === undefined || this.#view.get().model.state === 'unwanted') void this.#load();
  }

  cancel(): void {
    if (this.#view.get().model.state !== 'loading') return;
    this.#stopLoading();
    this.#show({ state: 'cancelled' });
  }

  retry(): void {
    const { state } = this.#view.get().model;
    if (state === 'failed' || state === 'cancelled') void this.#load();
  }

  /** The network or the gateway is back: tries again what failed for want of it. */
  networkBack(): void {
    const { model } = this.#view.get();
    if (model.state === 'failed' && model.error.retryable) void this.#load();
  }

  /** The manifest by which pictures are prepared. Errors: UNAVAILABLE, MODEL_NOT_FOUND, INVALID_ARGUMENT. */
  async describe(): Promise<Manifest> {
    this.#describing ??= this.#describe();
    try {
      return await this.#describing;
    } catch (failure) {
      this.#describing = undefined;
      throw failure;
    }
  }

  /** What answers on this device now; undefined while nothing does. */
  get serving(): ModelId | undefined {
    const { model } = this.#view.get();
    return model.state === 'ready' ? model.model : undefined;
  }

  /** Puts `target` in the place of what serves, without a gap. Errors: those of `DeviceEngine.update`. */
  async update(target: ModelId, options: UpdateOptions): Promise<void> {
    this.#adopt((await this.#options.engine.update(specOf(target), options)).manifest);
  }

  /** Prepares pictures for `target` from now on; fetches no weights. Errors: those of `describe`. */
  async follow(target: ModelId): Promise<void> {
    this.#adopt(await this.#options.engine.describe(specOf(target)));
  }

  #adopt(manifest: Manifest): void {
    this.#describing = Promise.resolve(manifest);
    this.#options.remembered.model = manifest.name;
    this.#view.update((view) => ({ ...view, manifest }));
  }

  async #describe(): Promise<Manifest> {
    const manifest = await this.#options.engine.describe(await this.#findName());
    this.#view.update((view) => ({ ...view, manifest }));
    return manifest;
  }

  /** What the router needs to know. */
  get condition(): DeviceCondition {
    const { model } = this.#view.get();
    switch (model.state) {
      case 'ready':
        return { state: 'ready' };
      case 'loading':
        return { state: 'loading' };
      case 'failed':
        return { state: 'failed', reason: model.error.message };
      case 'cancelled':
        return { state: 'unavailable', reason: 'Loading the model was cancelled.' };
      case 'unwanted':
        return { state: 'unavailable', reason: 'The model is not loaded on this device.' };
      case 'impossible':
        return { state: 'unavailable', reason: model.reason };
      default: {
        const never: never = model;
        return never;
      }
    }
  }

  async #load(): Promise<void> {
    this.#stopLoading();
    const abort = new AbortController();
    this.#abort = abort;
    // The gateway may mean another one than when it was asked last.
    this.#describing = undefined;
    this.#show({ state: 'loading', progress: undefined });
    try {
      // Side by side: looking for a graphics adapter takes as long as half the model does to come.
      const [model] = await Promise.all([this.#open(abort.signal), this.#look(abort.signal)]);
      if (!abort.signal.aborted) this.#show({ state: 'ready', model });
    } catch (failure) {
      if (abort.signal.aborted) return;
      const error = asTwinlensError(failure);
      this.#show(error.code === 'CANCELLED' ? { state: 'cancelled' } : { state: 'failed', error: toErrorBody(error) });
    } finally {
      if (this.#abort === abort) this.#abort = undefined;
    }
  }

  async #open(signal: AbortSignal): Promise<LoadedModel> {
    const manifest = await this.describe();
    if (signal.aborted) throw new TwinlensError('CANCELLED', 'Loading the model was cancelled.');
    // By version: what is loaded must be what pictures are prepared for, whatever is published in between.
    return this.#options.engine.load(specOf(manifest), { signal });
  }

  /** Ends the load where no model can run. */
  async #look(signal: AbortSignal): Promise<void> {
    const capabilities = await this.#options.engine.capabilities();
    if (signal.aborted) return;
    this.#view.update((view) => ({ ...view, capabilities }));
    if (capabilities.wasm.available || capabilities.webgpu.available) return;
    this.#stopLoading();
    this.#show({ state: 'impossible', reason: capabilities.wasm.reason });
  }

  #stopLoading(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  async #findName(): Promise<string> {
    const { findName, remembered } = this.#options;
    try {
      const name = await findName();
      remembered.model = name;
      return name;
    } catch (failure) {
      if (remembered.model !== undefined) return remembered.model;
      const error = asTwinlensError(failure, 'UNAVAILABLE');
      throw new TwinlensError(
        'UNAVAILABLE',
        `The gateway did not tell which model to load: ${error.message} Connect once, then the page works offline.`,
        { cause: failure },
      );
    }
  }

  /** The engine reloads by itself after a lost worker, and fails by itself. */
  #followEngine(status: EngineStatus): void {
    const ours = this.#abort !== undefined;
    switch (status.state) {
      case 'loading':
        if (ours || this.#view.get().model.state === 'ready') {
          this.#show({ state: 'loading', progress: status.progress });
        }
        return;
      case 'ready':
        this.#show({ state: 'ready', model: status.model });
        return;
      case 'failed':
        if (!ours && this.#view.get().model.state !== 'impossible') {
          this.#show({ state: 'failed', error: status.error });
        }
        return;
      case 'empty':
        return;
      default:
        status satisfies never;
    }
  }

  #show(model: ModelState): void {
    this.#view.update((view) => ({ ...view, model }));
  }
}
