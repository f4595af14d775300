/** Model operations over a table in memory: every call is noted in `calls`, and nothing is loaded. */
import type { AdminModel, AdminVersion, JournalEntry, SourceStatus, VersionPolicy } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { CanaryRequest, ModelOperations } from '../../gateway/serving/index.ts';

const version = (number: number, more: Partial<AdminVersion> = {}): AdminVersion => ({
  version: number,
  state: 'available',
  source: 'data',
  removable: true,
  labels: [],
  instances: 1,
  memoryBytes: 1000,
  traffic: { windowMs: 300_000, requests: 0, errors: 0 },
  ...more,
});

export const adminModel = (name: string, versions: readonly number[]): AdminModel => ({
  name,
  title: name,
  default: true,
  policy: { kind: 'latest', count: 1 },
  labels: {},
  stable: 'newest',
  versions: [...versions].sort((a, b) => b - a).map((number) => version(number)),
});

export class FakeOperations implements ModelOperations {
  readonly calls: string[] = [];
  readonly entries: JournalEntry[] = [];
  readOnly: string | undefined;
  /** What the next call that changes something rejects with. */
  failure: TwinlensError | undefined;
  /** What `note` rejects with. */
  noteFailure: TwinlensError | undefined;
  /** What `published` finds; the test says. */
  onPublished: () => void = () => undefined;
  /** The disk is asked again; the test says what it answers. */
  onRecheck: () => void = () => undefined;
  readonly #models = new Map<string, AdminModel>();

  constructor(models: readonly AdminModel[] = [adminModel('mini', [1])]) {
    for (const model of models) this.#models.set(model.name, model);
  }

  set(model: AdminModel): void {
    this.#models.set(model.name, model);
  }

  models(): readonly AdminModel[] {
    return [...this.#models.values()];
  }

  model(name: string): AdminModel {
    const model = this.#models.get(name);
    if (!model) throw new TwinlensError('MODEL_NOT_FOUND', `There is no model ${name}.`);
    return model;
  }

  load = (name: string, number: number, actor: string) => this.#do('load', name, number, actor);
  unload = (name: string, number: number, actor: string) => this.#do('unload', name, number, actor);
  promote = (name: string, number: number | undefined, actor: string) => this.#do('promote', name, number, actor);
  rollback = (name: string, actor: string) => this.#do('rollback', name, actor);
  setLabel = (name: string, label: string, number: number, actor: string) =>
    this.#do('label', name, label, number, actor);
  removeLabel = (name: string, label: string, actor: string) => this.#do('remove-label', name, label, actor);
  setPolicy = (name: string, policy: VersionPolicy, actor: string) => this.#do('policy', name, policy, actor);
  setCanary = (name: string, request: CanaryRequest, actor: string) => this.#do('canary', name, request, actor);
  endCanary = (name: string, actor: string) => this.#do('end-canary', name, actor);

  async followNewest(name: string, actor: string): Promise<void> {
    await this.#do('follow-newest', name, actor);
    this.#models.set(name, { ...this.model(name), stable: 'newest' });
  }

  async hold(name: string, actor: string): Promise<void> {
    await this.#do('hold', name, actor);
    this.#models.set(name, { ...this.model(name), stable: 'pinned' });
  }

  async remove(name: string, number: number, actor: string): Promise<void> {
    await this.#do('remove', name, number, actor);
    const model = this.model(name);
    const versions = model.versions.filter((entry) => entry.version !== number);
    if (versions.length === 0) this.#models.delete(name);
    else this.#models.set(name, { ...model, versions });
  }

  sources(): readonly SourceStatus[] {
    return [{ name: 'zoo', kind: 'catalogue', location: 'catalogue.json', checking: false, refused: [], offers: [] }];
  }

  async check(source: string): Promise<SourceStatus> {
    const found = this.sources().find(({ name }) => name === source);
    if (!found) throw new TwinlensError('NOT_FOUND', `There is no source ${source}.`);
    await this.#do('check', source);
    return found;
  }

  follow = (source: string, model: string, actor: string) => this.#do('follow', source, model, actor);
  unfollow = (source: string, model: string, actor: string) => this.#do('unfollow', source, model, actor);

  journal(limit: number, before = Number.POSITIVE_INFINITY): readonly JournalEntry[] {
    return this.entries.filter(({ at }) => at < before).slice(0, limit);
  }

  async note(entry: Omit<JournalEntry, 'at'>): Promise<void> {
    if (this.noteFailure) throw this.noteFailure;
    this.entries.unshift({ ...entry, at: this.entries.length + 1 });
  }

  async recheckDisk(): Promise<void> {
    this.onRecheck();
  }

  nextVersion(name: string): number {
    return 1 + Math.max(0, ...(this.#models.get(name)?.versions.map((entry) => entry.version) ?? []));
  }

  async published(): Promise<void> {
    await this.#do('published');
    this.onPublished();
  }

  async #do(...call: readonly unknown[]): Promise<void> {
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
    this.calls.push(call.map((part) => (typeof part === 'object' ? JSON.stringify(part) : String(part))).join(' '));
  }
}
