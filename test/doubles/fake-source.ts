/** A source that has what the test says. `follow` is remembered; everything is served anyway. */
import type { SourceKind, SourceStatus } from '../../core/admin.ts';
import type { Aspired, Source, SourceSnapshot } from '../../gateway/sources/index.ts';

export class FakeSource implements Source {
  readonly name: string;
  readonly kind: SourceKind;
  /** What `follow` was told last. */
  followed: readonly string[] = [];
  checks = 0;
  /** Called by each check, before it is over. */
  onCheck: () => void = () => undefined;
  #aspired: readonly Aspired[] = [];
  #status: SourceStatus;
  readonly #listeners = new Set<() => void>();

  constructor(name = 'models', kind: SourceKind = 'folder') {
    this.name = name;
    this.kind = kind;
    this.#status = { name, kind, location: name, checking: false, refused: [], offers: [] };
  }

  get snapshot(): SourceSnapshot {
    return { aspired: this.#aspired, status: this.#status };
  }

  has(aspired: readonly Aspired[], status: Partial<SourceStatus> = {}): void {
    this.#aspired = aspired;
    this.#status = { ...this.#status, ...status };
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): Promise<void> {
    return this.check();
  }

  check(): Promise<void> {
    this.checks += 1;
    this.onCheck();
    return Promise.resolve();
  }

  follow(models: readonly string[]): void {
    this.followed = models;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
