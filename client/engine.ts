/**
 * `InferenceEngine` through the gateway. Loading means: the gateway can answer for this model.
 * Follows the gateway when a spec comes to mean another version.
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
} from '../core/engine.ts';
import { asTwinlensError, TwinlensError, toErrorBody } from '../core/errors.ts';
import { parseManifest, toLoadedModel } from '../core/manifest.ts';
import { type ModelSpec, parseModelSpec, versionOf } from '../core/model-spec.ts';
import type { ModelDetail } from '../core/protocol.ts';
import type { TwinlensClient } from './client.ts';
import { type ClientEvent, Listeners } from './events.ts';

export interface GatewayEngineOptions {
  /** Milliseconds for requests that name no deadline; the client's own default when left out. */
  readonly deadlineMs?: number;
}

/** The gateway has the files; nothing is downloaded here. */
const PROGRESS: LoadProgress = { phase: 'manifest', loadedBytes: 0, totalBytes: 0, fromStore: false };

export function createGatewayEngine(client: TwinlensClient, options: GatewayEngineOptions = {}): InferenceEngine {
  return new GatewayEngine(client, options);
}

class GatewayEngine implements InferenceEngine {
  readonly #client: TwinlensClient;
  readonly #options: GatewayEngineOptions;
  readonly #listeners = new Listeners<EngineEvent>();
  readonly #pending = new Set<Promise<unknown>>();
  #status: EngineStatus = { state: 'empty' };
  /** What answers, also while another model is loading. */
  #ready: { readonly spec: string; readonly model: LoadedModel } | undefined;
  /** Each load and unload is a turn; what an earlier turn finds out later is ignored. */
  #turn = 0;
  #stopWatching: (() => void) | undefined;
  #refreshes = 0;
  #lost = false;

  constructor(client: TwinlensClient, options: GatewayEngineOptions) {
    this.#client = client;
    this.#options = options;
  }

  get status(): EngineStatus {
    return this.#status;
  }

  async load(spec: string, options: LoadOptions = {}): Promise<LoadedModel> {
    this.#turn += 1;
    const turn = this.#turn;
    const before = this.#status.state === 'loading' ? this.#settled() : this.#status;
    if (!this.#ready) this.#setStatus({ state: 'loading', spec, progress: PROGRESS });
    try {
      const model = await this.#describe(spec, options);
      if (turn !== this.#turn) throw new TwinlensError('CANCELLED', 'Another load or an unload came after this one.');
      this.#ready = { spec, model };
      this.#stopWatching ??= this.#client.subscribe((event) => this.#heard(event));
      this.#setStatus({ state: 'ready', model });
      return model;
    } catch (error) {
      const known = asTwinlensError(error);
      if (turn === this.#turn && !this.#ready) {
        this.#setStatus(known.code === 'CANCELLED' ? before : { state: 'failed', spec, error: toErrorBody(known) });
      }
      throw known;
    }
  }

  async classify(image: ImageInput, options: ClassifyOptions = {}): Promise<Classification> {
    if (!this.#ready) throw new TwinlensError('MODEL_NOT_READY', 'No model is loaded; call load() first.');
    const { deadlineMs } = this.#options;
    const answer = this.#client.classify(image, {
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      ...options,
      model: this.#ready.spec,
    });
    this.#pending.add(answer);
    try {
      return await answer;
    } finally {
      this.#pending.delete(answer);
    }
  }

  async unload(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.#ready = undefined;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    // Each has its deadline, so this ends.
    await Promise.allSettled([...this.#pending]);
    if (turn === this.#turn) this.#setStatus({ state: 'empty' });
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    return this.#listeners.add(listener);
  }

  #settled(): EngineStatus {
    return this.#ready ? { state: 'ready', model: this.#ready.model } : { state: 'empty' };
  }

  async #describe(spec: string, options: LoadOptions): Promise<LoadedModel> {
    const wanted = parseModelSpec(spec);
    if (options.signal?.aborted) throw new TwinlensError('CANCELLED', 'The load was cancelled by its caller.');
    const detail = await this.#client.model(wanted.name, options);
    return loadedModel(detail, servedVersion(detail, wanted));
  }

  #heard(event: ClientEvent): void {
    switch (event.type) {
      case 'state':
        if (event.state.state === 'open' && this.#lost) {
          this.#lost = false;
          this.#notice('RECONNECTED', 'The gateway is connected again.');
        } else if (event.state.state === 'waiting' && !this.#lost) {
          this.#lost = true;
          this.#notice('RECONNECTING', `The gateway can't be reached: ${event.state.reason}`);
        }
        break;
      case 'model':
        if (this.#ready?.model.name === event.model) void this.#refresh();
        break;
      case 'goodbye':
        break;
      default:
        event satisfies never;
    }
  }

  /** A version came, went, or a label moved: the spec may mean another version now. */
  async #refresh(): Promise<void> {
    const turn = this.#turn;
    this.#refreshes += 1;
    const refresh = this.#refreshes;
    const spec = this.#ready?.spec;
    if (spec === undefined) return;
    let model: LoadedModel;
    try {
      model = await this.#describe(spec, {});
    } catch {
      // The model is gone or the gateway is: the next classify says so with its code.
      return;
    }
    if (turn !== this.#turn || refresh !== this.#refreshes || this.#ready?.model.version === model.version) return;
    this.#ready = { spec, model };
    this.#setStatus({ state: 'ready', model });
  }

  #notice(code: 'RECONNECTING' | 'RECONNECTED', message: string): void {
    this.#listeners.emit({ type: 'notice', code, message });
  }

  #setStatus(status: EngineStatus): void {
    this.#status = status;
    this.#listeners.emit({ type: 'status', status });
  }
}

function servedVersion(detail: ModelDetail, spec: ModelSpec): number {
  const version = versionOf(spec, detail.versions, detail.labels);
  if (version !== undefined && detail.versions.includes(version)) return version;
  if (spec.kind === 'default' || detail.details.some((known) => known.version === version)) {
    throw new TwinlensError('MODEL_NOT_READY', `${detail.name} is not ready on the gateway yet; try again soon.`);
  }
  throw new TwinlensError(
    'MODEL_NOT_FOUND',
    `The gateway has no such version or label of ${detail.name}; it has ${detail.versions.join(', ') || 'none'}.`,
  );
}

function loadedModel(detail: ModelDetail, version: number): LoadedModel {
  const found = detail.details.find((entry) => entry.version === version);
  if (!found?.provider) throw new TwinlensError('MODEL_NOT_READY', `${detail.name}@${version} is not ready yet.`);
  return toLoadedModel(parseManifest(found.manifest), found.provider);
}
