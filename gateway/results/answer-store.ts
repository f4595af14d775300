/**
 * The answers that are kept: the least recently used leaves first, and one that is older than its time is gone.
 * Bounded in entries and in the size of an entry. Owns no clock.
 */
import type { Classification } from '../../core/engine.ts';

/**
 * Predictions of an answer that is worth its place, about 15 kB; a hundred thousand classes for each of a thousand
 * pictures would be gigabytes.
 */
export const MOST_PREDICTIONS = 100;

export interface AnswerStoreOptions {
  /** Answers. */
  readonly entries: number;
  /** Milliseconds; 0: without end. */
  readonly ttlMs: number;
}

interface Kept {
  readonly servable: string;
  readonly answer: Classification;
  readonly since: number;
}

export class AnswerStore {
  readonly #options: AnswerStoreOptions;
  /** The one used last stands last. */
  readonly #kept = new Map<string, Kept>();

  constructor(options: AnswerStoreOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(key: string, now: number): Classification | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    this.#kept.delete(key);
    const { ttlMs } = this.#options;
    if (ttlMs > 0 && now - kept.since >= ttlMs) return undefined;
    this.#kept.set(key, kept);
    return kept.answer;
  }

  set(key: string, servable: string, answer: Classification, now: number): void {
    const { entries } = this.#options;
    this.#kept.delete(key);
    if (entries === 0 || answer.predictions.length > MOST_PREDICTIONS) return;
    this.#kept.set(key, { servable, answer, since: now });
    if (this.#kept.size <= entries) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }

  /** Drops every answer of a version. */
  forget(servable: string): void {
    for (const [key, kept] of this.#kept) if (kept.servable === servable) this.#kept.delete(key);
  }
}
