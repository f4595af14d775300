/** The latest snapshot of a source, and who is told when another takes its place. */
import type { SourceSnapshot } from './source.ts';

export class Bulletin {
  #snapshot: SourceSnapshot;
  readonly #listeners = new Set<() => void>();

  constructor(first: SourceSnapshot) {
    this.#snapshot = first;
  }

  get snapshot(): SourceSnapshot {
    return this.#snapshot;
  }

  post(snapshot: SourceSnapshot): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
