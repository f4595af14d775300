/**
 * What a batch costs an instance: milliseconds of a run by its size. Begun from what the warm-up measured, corrected by
 * every run that serves. Pure.
 *
 * Guarantees: finite and positive for every size; never falls as sizes grow; between measured sizes on the line, beyond
 * the largest by its cost an image; one run moves it by at most a sixteenth of a doubling, so that a stall of the
 * machine doesn't pass for the model's cost, while a machine that has really become slower is believed after some runs.
 *
 * What it holds is the run alone. Pictures of the next batch are decoded by libvips' threads while ONNX Runtime runs
 * (an instance takes two batches for that), so decoding delays an answer but hardly occupies the instance; it is kept
 * beside the runs, as milliseconds an image from a batch's arrival in the instance until it could run. Resizing and
 * normalising happen on the instance's own thread, between runs; they are part of that, being small beside a run. On a
 * CPU decoding takes cores from the runs of other instances: these are slower for it, and seen to be.
 */

export interface CostPoint {
  /** Images. */
  readonly size: number;
  readonly ms: number;
}

/** Share of a deviation (of its logarithm) that one run corrects at its own size, and at the others. */
const OWN_SHARE = 1 / 16;
/** Others follow by less: what makes one size slower (other processes, heat, other instances) mostly makes all slower. */
const OTHERS_SHARE = OWN_SHARE / 2;
/** A run counts as at most this many times slower or faster than expected. */
const MOST_TIMES = 2;
const PREPARATION_SHARE = 1 / 16;
/** Below any run there is: keeps logarithms and quotients finite. */
const LEAST_MS = 0.001;

export class CostCurve {
  /** In the order of their size; both lists have the same length, at least 1. */
  #sizes: readonly number[] = [];
  #ms: number[] = [];
  #preparationMs = 0;
  #prepared = false;

  constructor(measured: readonly CostPoint[]) {
    this.measured(measured);
  }

  /** Takes the place of all that was known of runs. @param points at least one, in whatever order; of a size that comes twice the last one counts */
  measured(points: readonly CostPoint[]): void {
    const known = new Map(points.map(({ size, ms }) => [size, Math.max(ms, LEAST_MS)]));
    if (known.size === 0) throw new RangeError('A cost curve needs at least one measured size.');
    this.#sizes = [...known.keys()].sort((a, b) => a - b);
    let least = 0;
    this.#ms = this.#sizes.map((size) => {
      least = Math.max(least, known.get(size) ?? 0);
      return least;
    });
  }

  get points(): readonly CostPoint[] {
    return this.#sizes.map((size, at) => ({ size, ms: this.#at(at) }));
  }

  /** Milliseconds an image from its batch's arrival in an idle instance until the batch could run; 0: none was seen. */
  get preparationMs(): number {
    return this.#preparationMs;
  }

  /** Milliseconds of one run of `size` images. */
  runMs(size: number): number {
    const above = this.#sizes.findIndex((known) => known >= size);
    if (above < 0) {
      const last = this.#sizes.length - 1;
      return (this.#at(last) * size) / this.#sizeAt(last);
    }
    const high = this.#at(above);
    if (above === 0 || this.#sizeAt(above) === size) return high;
    const low = this.#at(above - 1);
    const share = (size - this.#sizeAt(above - 1)) / (this.#sizeAt(above) - this.#sizeAt(above - 1));
    return low + (high - low) * share;
  }

  /** A run of `size` images took `ms`. */
  ran(size: number, ms: number): void {
    if (!(size >= 1) || !(ms > 0)) return;
    const times = Math.min(Math.max(ms / this.runMs(size), 1 / MOST_TIMES), MOST_TIMES);
    const nearest = this.#nearest(size);
    for (const [at, known] of this.#ms.entries())
      this.#ms[at] = Math.max(known * times ** (at === nearest ? OWN_SHARE : OTHERS_SHARE), LEAST_MS);
    // The size that was seen is right where its neighbours contradict it.
    const own = this.#at(nearest);
    for (let at = nearest + 1; at < this.#ms.length; at += 1) this.#ms[at] = Math.max(this.#at(at), own);
    for (let at = 0; at < nearest; at += 1) this.#ms[at] = Math.min(this.#at(at), own);
  }

  /** The pictures of a batch of `size` were ready to run after `ms`. */
  prepared(size: number, ms: number): void {
    if (!(size >= 1) || !(ms >= 0)) return;
    const each = ms / size;
    if (this.#prepared) this.#preparationMs += (each - this.#preparationMs) * PREPARATION_SHARE;
    else this.#preparationMs = each;
    this.#prepared = true;
  }

  #nearest(size: number): number {
    let nearest = 0;
    for (const [at, known] of this.#sizes.entries())
      if (Math.abs(known - size) < Math.abs(this.#sizeAt(nearest) - size)) nearest = at;
    return nearest;
  }

  #at(at: number): number {
    return this.#ms[at] ?? LEAST_MS;
  }

  #sizeAt(at: number): number {
    return this.#sizes[at] ?? 1;
  }
}
