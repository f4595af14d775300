/** The latest durations of one engine, in a ring of fixed size. Owns no clock: callers hand in milliseconds. */

export class LatencyWindow {
  readonly #ring: Float64Array;
  #next = 0;
  #count = 0;

  /** @param size durations kept; the oldest goes first */
  constructor(size: number) {
    this.#ring = new Float64Array(Math.max(1, Math.trunc(size)));
  }

  /** Durations held now, at most the window's size. */
  get count(): number {
    return this.#count;
  }

  /** @param ms a duration; what is no number or negative is passed over */
  add(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) return;
    this.#ring[this.#next] = ms;
    this.#next = (this.#next + 1) % this.#ring.length;
    this.#count = Math.min(this.#count + 1, this.#ring.length);
  }

  clear(): void {
    this.#next = 0;
    this.#count = 0;
  }

  median(): number | undefined {
    return this.percentile(50);
  }

  /** Nearest-rank percentile, `p` from 0 to 100; undefined while nothing was added. */
  percentile(p: number): number | undefined {
    if (this.#count === 0) return undefined;
    const sorted = this.#ring.slice(0, this.#count).sort();
    const rank = Math.ceil((Math.min(Math.max(p, 0), 100) / 100) * this.#count);
    return sorted[Math.max(rank, 1) - 1];
  }
}
