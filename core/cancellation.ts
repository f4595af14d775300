/**
 * A `CancelSignal` that costs next to nothing, for what is made with every request. AbortController is an event target
 * with all that belongs to one: making, following and leaving it took 30 µs of each.
 */
import type { CancelSignal } from './engine.ts';

export class Cancellation implements CancelSignal {
  readonly #listeners = new Set<() => void>();
  #aborted = false;

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Only the first call counts. */
  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }

  /** Called once at most, whatever is asked for; never after it was aborted. */
  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.#aborted) this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }
}
