/** The versions that the manager knows, by model and ascending. Guarantees one entry a version. Decides nothing. */
import type { Aspired } from '../sources/index.ts';
import { type Entry, newEntry } from './entry.ts';

export class Versions {
  readonly #models = new Map<string, readonly Entry[]>();

  /** Of all models. */
  get all(): Entry[] {
    return [...this.#models.values()].flat();
  }

  /** Sorted. */
  get names(): string[] {
    return [...this.#models.keys()].sort();
  }

  of(name: string): readonly Entry[] {
    return this.#models.get(name) ?? [];
  }

  find(name: string, version: number): Entry | undefined {
    return this.of(name).find((entry) => entry.version === version);
  }

  add(aspired: Aspired): Entry {
    const entry = newEntry(aspired);
    this.#models.set(
      entry.name,
      [...this.of(entry.name), entry].sort((a, b) => a.version - b.version),
    );
    return entry;
  }

  /** Drops those that no source has and that hold nothing. */
  forget(): void {
    for (const [name, entries] of this.#models) {
      const kept = entries.filter(({ listed, phase }) => {
        const holds = phase.state !== 'idle' && phase.state !== 'failed';
        if (!listed && phase.state === 'failed') phase.stopTimer();
        return listed || holds;
      });
      if (kept.length === 0) this.#models.delete(name);
      else if (kept.length < entries.length) this.#models.set(name, kept);
    }
  }
}
