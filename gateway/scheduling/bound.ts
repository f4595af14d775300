/**
 * How many may wait: so many as are answered within the time that a request may wait, by how fast the queue has been
 * served. A burst may be longer: the time counts once the queue has stood for a second without falling to half of what
 * it allows. Pure; knows no request, only numbers of them.
 *
 * Guarantees: never more than `maxLength`; never fewer than one socket may have under way by default, however slow the
 * model, so that a client is not refused for what is only its own.
 */

/** One socket's requests under way, by default. */
const FEWEST = 32;
/** A queue that doesn't fall for so long is no burst. */
const BURST_MS = 1000;
/** Share of the allowed length to which a queue falls that stands no more. */
const FALLEN = 0.5;
/** Of what is known, how much counts on when one more batch leaves: some thirty batches are remembered. */
const KEPT = 31 / 32;

export interface BoundLimits {
  /** Entries. */
  readonly maxLength: number;
  /** Milliseconds that the last one of a queue that stands may expect to wait; 0: only `maxLength` counts. */
  readonly maxQueueMs: number;
}

export class Bound {
  readonly #limits: BoundLimits;
  /** Of the time in which entries waited, and of those that left in it to run, what is remembered. */
  #ms = 0;
  #left = 0;
  /** When some left last; undefined where nothing waited since. */
  #leftAt: number | undefined;
  /** Since when the length has stood; undefined: it doesn't. */
  #standsSince: number | undefined;

  constructor(limits: BoundLimits) {
    this.#limits = limits;
  }

  /** Entries that may wait for long. */
  get standing(): number {
    const { maxLength, maxQueueMs } = this.#limits;
    if (maxQueueMs === 0 || this.#ms === 0) return maxLength;
    return Math.min(maxLength, Math.max(FEWEST, Math.round((maxQueueMs * this.#left) / this.#ms)));
  }

  /** Entries that may wait at `now`. */
  at(now: number): number {
    const burst = this.#standsSince === undefined || now - this.#standsSince < BURST_MS;
    return burst ? this.#limits.maxLength : this.standing;
  }

  /** One came; `length` wait. */
  came(length: number, now: number): void {
    if (length === 1) this.#leftAt = undefined;
    if (length >= this.standing) this.#standsSince ??= now;
  }

  /** `count` left to run; `length` still wait. */
  left(count: number, length: number, now: number): void {
    if (this.#leftAt !== undefined) {
      this.#ms = this.#ms * KEPT + now - this.#leftAt;
      this.#left = this.#left * KEPT + count;
    }
    this.#leftAt = now;
    if (length <= this.standing * FALLEN) this.#standsSince = undefined;
  }
}
