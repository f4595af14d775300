/**
 * Counts wrong secrets per address and locks an address out after too many. Bounded: beyond `maxAddresses` the
 * one that was heard of longest ago is forgotten. Knows neither the secret nor the transport.
 */

export interface LockoutOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Failures within `windowMs` that lock an address out for `lockMs`. */
  readonly failures: number;
  readonly windowMs: number;
  readonly lockMs: number;
  readonly maxAddresses: number;
}

interface Entry {
  /** When the last failures were; never more than the limit. */
  readonly failedAt: readonly number[];
  readonly lockedUntil: number;
}

export class Lockout {
  readonly #options: LockoutOptions;
  /** In the order in which they last failed. */
  readonly #entries = new Map<string, Entry>();

  constructor(options: LockoutOptions) {
    this.#options = options;
  }

  /** Milliseconds for which the address is still locked out; 0: it isn't. */
  remainingMs(address: string): number {
    const entry = this.#entries.get(address);
    return entry === undefined ? 0 : Math.max(0, entry.lockedUntil - this.#options.now());
  }

  /** Counts a failure; returns whether it locked the address out. */
  fail(address: string): boolean {
    const { now, failures, windowMs, lockMs, maxAddresses } = this.#options;
    const at = now();
    const before = this.#entries.get(address)?.failedAt.filter((time) => at - time < windowMs) ?? [];
    const failedAt = [...before, at];
    const locked = failedAt.length >= failures;
    this.#entries.delete(address);
    // Who was locked out begins at zero afterwards.
    this.#entries.set(address, { failedAt: locked ? [] : failedAt, lockedUntil: locked ? at + lockMs : 0 });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= maxAddresses) break;
      this.#entries.delete(oldest);
    }
    return locked;
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#entries.size;
  }
}
