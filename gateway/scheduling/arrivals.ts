/** How fast requests come, by the last few of them: a burst is noticed within it, and forgotten after it. Pure. */

/** Few enough to follow a burst, enough not to follow every chance. */
const KEPT = 64;

export class Arrivals {
  /** Times of the last ones, oldest first. */
  readonly #times: number[] = [];

  add(now: number): void {
    if (this.#times.length === KEPT) this.#times.shift();
    this.#times.push(now);
  }

  /** Times that are kept: what is expected should not be more than was seen. */
  get seen(): number {
    return this.#times.length;
  }

  /** Milliseconds from one to the next, on average; Infinity before two came. Grows while none comes. */
  gapMs(now: number): number {
    const first = this.#times[0];
    if (first === undefined || this.#times.length < 2) return Number.POSITIVE_INFINITY;
    return Math.max((this.#last - first) / (this.#times.length - 1), (now - first) / this.#times.length);
  }

  /** Milliseconds since the last one. */
  silenceMs(now: number): number {
    return now - this.#last;
  }

  get #last(): number {
    return this.#times.at(-1) ?? Number.NEGATIVE_INFINITY;
  }
}
