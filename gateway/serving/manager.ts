/**
 * The manager: carries out what the policy says, one action a model at a time, and hands out handles.
 * A failed load changes nothing that serves; its reason is kept. Knows no source and no socket.
 */
import { type ErrorBody, TwinlensError, toErrorBody } from '../../core/errors.ts';
import { parseModelSpec, versionOf } from '../../core/model-spec.ts';
import type { ModelDetail, ModelEvent, ModelSummary } from '../../core/protocol.ts';
import { nextAction, type VersionState } from './policy.ts';
import type { Handle } from './servable.ts';
import type { Aspired } from './source.ts';
import type { ServingVersion } from './version.ts';

interface Entry {
  readonly aspired: Aspired;
  wanted: boolean;
  state: VersionState;
  serving: ServingVersion | undefined;
  error: ErrorBody | undefined;
}

export interface ManagerOptions {
  readonly defaultModel: string | undefined;
  readonly make: (aspired: Aspired) => ServingVersion;
  readonly onLoaded: (entry: {
    name: string;
    version: number;
    provider: string;
    instances: number;
    seconds: number;
  }) => void;
  readonly onFailed: (entry: { name: string; version: number; error: ErrorBody }) => void;
  readonly now: () => number;
}

/** The label that always names the newest available version. */
const STABLE = 'stable';

export class ModelManager {
  readonly #options: ManagerOptions;
  #entries: Entry[] = [];
  readonly #listeners = new Set<(event: ModelEvent) => void>();
  #closed = false;

  constructor(options: ManagerOptions) {
    this.#options = options;
  }

  /** The full list of versions that should serve; one that is missing from it is unloaded. */
  aspire(list: readonly Aspired[]): void {
    for (const entry of this.#entries) entry.wanted = false;
    for (const aspired of list) {
      const known = this.#find(aspired.name, aspired.version);
      if (known) known.wanted = true;
      else this.#entries.push({ aspired, wanted: true, state: 'idle', serving: undefined, error: undefined });
    }
    // What never served, and is not wanted any more, needs no unloading.
    this.#entries = this.#entries.filter(({ wanted, state }) => wanted || (state !== 'idle' && state !== 'failed'));
    this.#reconcile();
  }

  /** Every model that should serve has a version that can answer now, and there is one. */
  get ready(): boolean {
    const names = new Set(this.#entries.filter(({ wanted }) => wanted).map(({ aspired }) => aspired.name));
    const answers = this.#entries.filter(({ state, serving }) => state === 'available' && serving?.alive);
    return names.size > 0 && [...names].every((name) => answers.some(({ aspired }) => aspired.name === name));
  }

  acquire(text: string | undefined): Handle {
    const spec = text === undefined ? undefined : parseModelSpec(text);
    const name = spec?.name ?? this.#defaultName();
    if (name === undefined)
      throw new TwinlensError('MODEL_NOT_READY', 'The gateway has no model yet; try again in a moment.');
    const known = this.#entries.filter(({ aspired }) => aspired.name === name);
    if (known.length === 0)
      throw new TwinlensError('MODEL_NOT_FOUND', `There is no model ${name}; GET /v1/models lists them.`);
    const version = versionOf(spec ?? { kind: 'default', name }, this.#available(name), this.#labels(name));
    const entry = version === undefined ? undefined : this.#find(name, version);
    if (entry?.state === 'available' && entry.serving) return entry.serving.acquire();
    if (spec?.kind === 'label' && spec.label !== STABLE) {
      throw new TwinlensError(
        'MODEL_NOT_FOUND',
        `${name} has no label ${spec.label}; GET /v1/models/${name} lists them.`,
      );
    }
    if (spec?.kind === 'version' && !entry) {
      throw new TwinlensError(
        'MODEL_NOT_FOUND',
        `${name} has no version ${spec.version}; GET /v1/models/${name} lists them.`,
      );
    }
    const failed = (entry ? [entry] : known).find(({ state }) => state === 'failed');
    const why = failed?.error ? ` (${failed.error.message})` : '';
    throw new TwinlensError('MODEL_NOT_READY', `${text ?? name} can't answer yet${why}; try again in a moment.`, {
      retryAfterMs: 1000,
    });
  }

  list(): readonly ModelSummary[] {
    return [...new Set(this.#entries.map(({ aspired }) => aspired.name))].sort().map((name) => this.#summary(name));
  }

  detail(name: string): ModelDetail {
    const known = this.#entries.filter(({ aspired }) => aspired.name === name);
    if (known.length === 0)
      throw new TwinlensError('MODEL_NOT_FOUND', `There is no model ${name}; GET /v1/models lists them.`);
    return {
      ...this.#summary(name),
      details: known.map(({ aspired, state, error, serving }) => ({
        version: aspired.version,
        state: state === 'idle' ? 'loading' : state,
        reason: error?.message,
        provider: state === 'available' ? serving?.provider : undefined,
        manifest: aspired.manifest,
      })),
    };
  }

  /** The package of a version, whatever its state. Throws MODEL_NOT_FOUND. */
  package(name: string, version: number): Aspired {
    const entry = this.#find(name, version);
    if (!entry)
      throw new TwinlensError(
        'MODEL_NOT_FOUND',
        `There is no ${name}@${version}; GET /v1/models/${name} lists the versions.`,
      );
    return entry.aspired;
  }

  subscribe(listener: (event: ModelEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Process ids of all instances. */
  get pids(): readonly number[] {
    return this.#entries.flatMap(({ serving }) => serving?.pids ?? []);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#entries.map(({ serving }) => serving?.close()));
  }

  #find(name: string, version: number): Entry | undefined {
    return this.#entries.find(({ aspired }) => aspired.name === name && aspired.version === version);
  }

  #available(name: string): number[] {
    return this.#entries
      .filter(({ aspired, state }) => aspired.name === name && state === 'available')
      .map(({ aspired }) => aspired.version)
      .sort((a, b) => a - b);
  }

  #labels(name: string): Record<string, number> {
    const newest = this.#available(name).at(-1);
    return newest === undefined ? {} : { [STABLE]: newest };
  }

  #defaultName(): string | undefined {
    const asked = this.#options.defaultModel;
    if (asked !== undefined) return asked;
    return this.#entries.map(({ aspired }) => aspired.name).sort()[0];
  }

  #summary(name: string): ModelSummary {
    const newest = this.#entries
      .filter(({ aspired }) => aspired.name === name)
      .sort((a, b) => b.aspired.version - a.aspired.version)[0];
    return {
      name,
      title: newest?.aspired.manifest.title ?? name,
      default: name === this.#defaultName(),
      versions: this.#available(name),
      labels: this.#labels(name),
    };
  }

  #emit(event: ModelEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #reconcile(): void {
    while (!this.#closed) {
      const action = nextAction(
        this.#entries.map(({ aspired, wanted, state }) => ({
          name: aspired.name,
          version: aspired.version,
          aspired: wanted,
          state,
        })),
      );
      const entry = action && this.#find(action.name, action.version);
      if (!action || !entry) return;
      if (action.kind === 'load') void this.#load(entry);
      else void this.#unload(entry);
    }
  }

  async #load(entry: Entry): Promise<void> {
    const { name, version } = entry.aspired;
    const begun = this.#options.now();
    entry.state = 'loading';
    const serving = this.#options.make(entry.aspired);
    entry.serving = serving;
    try {
      await serving.load();
      if (this.#closed) return;
      const before = this.#labels(name)[STABLE];
      entry.state = 'available';
      entry.error = undefined;
      this.#options.onLoaded({
        name,
        version,
        provider: serving.provider,
        instances: serving.pids.length,
        seconds: (this.#options.now() - begun) / 1000,
      });
      this.#emit({ type: 'model', event: 'available', model: name, version });
      const after = this.#labels(name)[STABLE];
      if (after !== undefined && after !== before)
        this.#emit({ type: 'model', event: 'label', model: name, version: after, label: STABLE });
    } catch (error) {
      if (this.#closed) return;
      entry.state = 'failed';
      entry.serving = undefined;
      entry.error = toErrorBody(error);
      this.#options.onFailed({ name, version, error: entry.error });
    }
    this.#reconcile();
  }

  async #unload(entry: Entry): Promise<void> {
    entry.state = 'unloading';
    await entry.serving?.retire();
    // Wanted again meanwhile: it is loaded anew.
    if (entry.wanted) Object.assign(entry, { state: 'idle', serving: undefined });
    else this.#entries = this.#entries.filter((other) => other !== entry);
    this.#emit({ type: 'model', event: 'retired', model: entry.aspired.name, version: entry.aspired.version });
    this.#reconcile();
  }
}
