/**
 * Puts labels on versions: what operators decided and what is available, brought together. Tells the lifecycle which
 * versions are wanted, and everybody else when a version came, a label moved or a version went. Remembers where
 * `stable` was when it moves by itself. Knows no source and no request.
 */
import type { VersionPolicy } from '../../core/admin.ts';
import type { ModelEvent } from '../../core/protocol.ts';
import { chooseVersions } from './choice.ts';
import { GATEWAY, type Journal } from './journal.ts';
import { effectiveLabels, STABLE } from './labels.ts';
import type { Lifecycle, LifecycleEvent } from './lifecycle.ts';
import type { PolicyOptions } from './policy.ts';
import { followed, labelled, type ModelState, modelState, withModel } from './state.ts';
import type { StateStore } from './state-store.ts';

export interface PlacementOptions {
  readonly lifecycle: Lifecycle;
  readonly store: StateStore;
  readonly journal: Journal;
  /** Of models that an operator gave none. */
  readonly policy: VersionPolicy;
  readonly swap: PolicyOptions['swap'];
}

/** What a change will make of what is kept of its model. */
export type Plan = (model: ModelState) => ModelState;

type Labels = Readonly<Record<string, number>>;
const NO_LABELS: Labels = {};
const NONE: ReadonlySet<number> = new Set();

export class Placement {
  readonly #options: PlacementOptions;
  /** What was told last. */
  readonly #labels = new Map<string, Labels>();
  readonly #loading = new Map<string, ReadonlySet<number>>();
  /** Changes whose version is loaded once there is room for it: what they will not leave is unloaded first. */
  readonly #plans = new Map<string, Plan>();
  readonly #leaving = new Map<string, ReadonlySet<number>>();
  /** Versions that a change waits for and that were not available before: `stable` does not follow them meanwhile. */
  readonly #aside = new Map<string, ReadonlySet<number>>();
  /** Versions that could not be loaded when that was tried last. */
  readonly #failed = new Map<string, ReadonlySet<number>>();
  /** Moves of `stable` that are being written, by model. */
  readonly #following = new Map<string, number>();
  readonly #listeners = new Set<(event: ModelEvent) => void>();

  constructor(options: PlacementOptions) {
    const { lifecycle, store, policy, swap } = options;
    this.#options = options;
    lifecycle.choose((name, known) =>
      chooseVersions(
        this.#plans.get(name)?.(this.saved(name)) ?? this.saved(name),
        policy,
        known,
        {
          loading: this.#loading.get(name) ?? NONE,
          leaving: this.#leaving.get(name) ?? NONE,
          failed: this.#failed.get(name) ?? NONE,
        },
        swap,
      ),
    );
    lifecycle.subscribe((event) => this.#heard(event));
    store.subscribe(() => {
      // Labels first: what they left is unloaded only after they moved.
      for (const name of lifecycle.names) this.#refresh(name);
      lifecycle.reconsider();
    });
  }

  saved(name: string): ModelState {
    return modelState(this.#options.store.state, name);
  }

  policy(name: string): VersionPolicy {
    return this.saved(name).policy ?? this.#options.policy;
  }

  /** Every label with the version that it names now, `stable` and `canary` among them. */
  labels(name: string): Labels {
    return this.#labels.get(name) ?? NO_LABELS;
  }

  stable(name: string): number | undefined {
    const labels = this.labels(name);
    return Object.hasOwn(labels, STABLE) ? labels[STABLE] : undefined;
  }

  /**
   * The version is wanted until the returned function is called: a change waits for it. Where it becomes available
   * only now, no label moves to it by itself before that. With `resource`, what `plan` does not want beside it is
   * unwanted meanwhile. One change of a model at a time.
   */
  awaitVersion(name: string, version: number, plan?: Plan): () => void {
    const { lifecycle, swap } = this.#options;
    const there = lifecycle.available(name).includes(version);
    if (plan && !there && swap === 'resource') this.#plans.set(name, plan);
    const back = there ? undefined : this.#hold(this.#aside, name, version);
    const release = this.#hold(this.#loading, name, version);
    return () => {
      this.#plans.delete(name);
      back?.();
      this.#refresh(name);
      release();
    };
  }

  /** The version is unwanted, and unloaded even if it is the last, until the returned function is called. */
  dismissVersion(name: string, version: number): () => void {
    return this.#hold(this.#leaving, name, version);
  }

  subscribe(listener: (event: ModelEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #heard(event: LifecycleEvent): void {
    const { name, kind } = event;
    if (kind === 'available') this.#emit({ type: 'model', event: 'available', model: name, version: event.version });
    this.#refresh(name);
    if (kind === 'retired') this.#emit({ type: 'model', event: 'retired', model: name, version: event.version });
    if (kind === 'available' || kind === 'failed') this.#remember(name, event.version, kind === 'failed');
  }

  #remember(name: string, version: number, failed: boolean): void {
    const { lifecycle } = this.#options;
    const before = this.#failed.get(name) ?? NONE;
    const known = new Set(lifecycle.statuses(name).map((status) => status.version));
    const after = new Set([...before].filter((one) => one !== version && known.has(one)));
    if (failed) after.add(version);
    if (after.size === 0) this.#failed.delete(name);
    else this.#failed.set(name, after);
    if (before.has(version) !== failed) lifecycle.reconsider();
  }

  #hold(holds: Map<string, ReadonlySet<number>>, name: string, version: number): () => void {
    holds.set(name, new Set(holds.get(name)).add(version));
    this.#options.lifecycle.reconsider();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = new Set(holds.get(name));
      left.delete(version);
      if (left.size === 0) holds.delete(name);
      else holds.set(name, left);
      this.#options.lifecycle.reconsider();
    };
  }

  #refresh(name: string): void {
    const { lifecycle } = this.#options;
    const coming = lifecycle
      .statuses(name)
      .filter(({ wanted, state }) => wanted && (state === 'idle' || state === 'loading'))
      .map(({ version }) => version);
    const pin = labelled(this.saved(name), STABLE);
    // Whatever is above what makes room for another one was not meant to answer for it.
    if (pin !== undefined && this.#plans.has(name)) coming.push(pin);
    const before = this.labels(name);
    const aside = this.#aside.get(name) ?? NONE;
    const available = lifecycle.available(name).filter((version) => !aside.has(version));
    const after = effectiveLabels(this.saved(name), available, coming);
    if (Object.keys(after).length === 0) this.#labels.delete(name);
    else this.#labels.set(name, after);
    this.#follow(name);
    for (const [label, version] of Object.entries(after))
      if (!Object.hasOwn(before, label) || before[label] !== version)
        this.#emit({ type: 'model', event: 'label', model: name, version, label });
  }

  /** Remembers where `stable` is while it moves by itself. */
  #follow(name: string): void {
    const { store, journal, lifecycle } = this.#options;
    const stable = this.stable(name);
    const saved = this.saved(name);
    if (stable === undefined || labelled(saved, STABLE) !== undefined) return;
    const known = lifecycle.statuses(name).map(({ version }) => version);
    const next = followed(saved, stable, known);
    if (next === saved || this.#following.get(name) === stable) return;
    this.#following.set(name, stable);
    const from = saved.stable === undefined ? '' : ` from version ${saved.stable}`;
    const note = {
      actor: GATEWAY,
      action: 'stable',
      model: name,
      version: stable,
      detail: `stable moved${from} to version ${stable}, the newest that is available.`,
    };
    void journal
      .record(note, (state) => withModel(state, name, (model) => followed(model, stable, known)))
      .finally(() => {
        this.#following.delete(name);
        // It may have moved on meanwhile.
        if (modelState(store.state, name) !== saved) this.#follow(name);
      });
  }

  #emit(event: ModelEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
