/**
 * How many device reports may come from one address: a few a minute, since several visitors may share one. Guarantees
 * that what is remembered is bounded. Knows nothing of what is reported.
 */
import { TwinlensError } from '../../core/errors.ts';

const WINDOW_MS = 60_000;
/** Reports of one address in a window. */
const MAX_REPORTS = 20;
/** Addresses in a window; further ones wait for the next. */
const MAX_ADDRESSES = 10_000;

export class ReportAllowance {
  readonly #now: () => number;
  readonly #counts = new Map<string, number>();
  #begun: number;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#begun = now();
  }

  /** Counts one report. Throws RATE_LIMITED. */
  take(address: string): void {
    const elapsed = this.#now() - this.#begun;
    if (elapsed >= WINDOW_MS) {
      this.#begun += elapsed;
      this.#counts.clear();
    }
    const count = this.#counts.get(address) ?? 0;
    if (count >= MAX_REPORTS || (count === 0 && this.#counts.size >= MAX_ADDRESSES)) {
      const retryAfterMs = WINDOW_MS - (this.#now() - this.#begun);
      throw new TwinlensError('RATE_LIMITED', 'Too many reports came; report once a minute.', { retryAfterMs });
    }
    this.#counts.set(address, count + 1);
  }
}
