/** Everything that an operator can do, in one place: each call goes to the part that owns it. */
import type { AdminModel, JournalEntry, SourceStatus, VersionPolicy } from '../../core/admin.ts';
import type { AdminView } from './admin-view.ts';
import type { CanaryOperations } from './canary-operations.ts';
import type { Journal } from './journal.ts';
import type { LabelOperations } from './label-operations.ts';
import { CANARY, STABLE } from './labels.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { CanaryRequest, ModelOperations } from './operations.ts';
import type { SourceDesk } from './source-desk.ts';
import { modelState } from './state.ts';
import type { StateStore } from './state-store.ts';
import type { VersionOperations } from './version-operations.ts';

export interface OperatorOptions {
  readonly view: AdminView;
  readonly labels: LabelOperations;
  readonly canaries: CanaryOperations;
  readonly versions: VersionOperations;
  readonly desk: SourceDesk;
  readonly journal: Journal;
  readonly store: StateStore;
  readonly lifecycle: Lifecycle;
}

export class Operator implements ModelOperations {
  readonly #options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  get readOnly(): string | undefined {
    return this.#options.store.readOnly;
  }

  recheckDisk = (): Promise<void> => this.#options.store.recheck();

  models = (): readonly AdminModel[] => this.#options.view.models();
  model = (name: string): AdminModel => this.#options.view.model(name);

  load(name: string, version: number, actor: string): Promise<void> {
    return this.#options.versions.load(name, version, actor);
  }

  unload(name: string, version: number, actor: string): Promise<void> {
    return this.#options.versions.unload(name, version, actor);
  }

  remove(name: string, version: number, actor: string): Promise<void> {
    return this.#options.versions.remove(name, version, actor);
  }

  promote(name: string, version: number | undefined, actor: string): Promise<void> {
    return this.#options.labels.promote(name, version, actor);
  }

  rollback(name: string, actor: string): Promise<void> {
    return this.#options.labels.rollback(name, actor);
  }

  followNewest(name: string, actor: string): Promise<void> {
    return this.#options.labels.followNewest(name, actor);
  }

  hold(name: string, actor: string): Promise<void> {
    return this.#options.labels.hold(name, actor);
  }

  setLabel(name: string, label: string, version: number, actor: string): Promise<void> {
    return this.#options.labels.setLabel(name, label, version, actor);
  }

  removeLabel(name: string, label: string, actor: string): Promise<void> {
    if (label === STABLE) return this.followNewest(name, actor);
    if (label === CANARY) return this.endCanary(name, actor);
    return this.#options.labels.removeLabel(name, label, actor);
  }

  setPolicy(name: string, policy: VersionPolicy, actor: string): Promise<void> {
    return this.#options.labels.setPolicy(name, policy, actor);
  }

  setCanary(name: string, request: CanaryRequest, actor: string): Promise<void> {
    return this.#options.canaries.set(name, request, actor);
  }

  endCanary(name: string, actor: string): Promise<void> {
    return this.#options.canaries.end(name, actor);
  }

  sources = (): readonly SourceStatus[] => this.#options.desk.statuses();
  check = (source: string): Promise<SourceStatus> => this.#options.desk.check(source);
  published = (): Promise<void> => this.#options.desk.published();

  follow(source: string, model: string, actor: string): Promise<void> {
    return this.#options.desk.follow(source, model, actor);
  }

  unfollow(source: string, model: string, actor: string): Promise<void> {
    return this.#options.desk.unfollow(source, model, actor);
  }

  journal = (limit: number, before?: number): readonly JournalEntry[] => this.#options.journal.read(limit, before);
  note = (entry: Omit<JournalEntry, 'at'>): Promise<void> => this.#options.journal.write(entry);

  /** Also above what was removed: browsers keep the files of a version for ever. */
  nextVersion(name: string): number {
    const { lifecycle, store } = this.#options;
    const { previous, stable } = modelState(store.state, name);
    const journaled = store.state.journal.flatMap((entry) => (entry.model === name ? [entry.version ?? 0] : []));
    const known = lifecycle.statuses(name).map(({ version }) => version);
    return Math.max(0, stable ?? 0, ...previous, ...journaled, ...known) + 1;
  }
}
