/**
 * The waiting requests of one model version, and which of them run next. Pure: it owns no clock and no
 * timer, every question carries `now` (milliseconds of one monotonic clock).
 *
 * Guarantees: takes no more than its bounds; nothing past its deadline is dispatched; who comes before whom is the
 * line's order (line.ts). Passed over is only who, by what batches cost, can't be in time any more, or
 * whose being in time would make more others of his priority late; refused is nobody for that. Where batches gain nothing,
 * one isn't filled up with those of a client that had clearly more places than others lately. No question takes longer
 * because much waits, except which to pass over.
 */
import { Arrivals } from './arrivals.ts';
import { Batching, type Room, type Situation } from './batching.ts';
import { Bound, type BoundLimits } from './bound.ts';
import type { CostCurve } from './cost-curve.ts';
import type { Entry } from './lanes.ts';
import { Line } from './line.ts';
import { Shares } from './shares.ts';

export { AGING_MS, type Entry } from './lanes.ts';

export interface QueueLimits extends BoundLimits {
  /** Entries of one batch. */
  readonly maxBatch: number;
  /** Milliseconds that an entry may wait for company while an instance is idle; 0: never waits. */
  readonly maxWaitMs: number;
  /** What batches cost. */
  readonly costs: CostCurve;
}

export type Decision<T> =
  | { readonly kind: 'dispatch'; readonly batch: readonly Entry<T>[] }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'idle' };

export type Offer<T> =
  /** `displaced` left the queue for it: an older frame of its stream, or the last in line of a greedier client. */
  | { readonly accepted: true; readonly displaced?: Entry<T>; readonly why?: 'superseded' | 'crowded' }
  | { readonly accepted: false };

/** Which run next. */
interface Plan {
  readonly size: number;
  /** Deadline from which on one can be among them; undefined: everybody can. */
  readonly from?: number;
}

export class BatchQueue<T> {
  readonly #limits: QueueLimits;
  readonly #line = new Line<T>();
  readonly #bound: Bound;
  readonly #arrivals = new Arrivals();
  readonly #batching: Batching;
  readonly #shares = new Shares();

  constructor(limits: QueueLimits) {
    this.#limits = limits;
    this.#bound = new Bound(limits);
    this.#batching = new Batching(limits.costs, limits.maxBatch, limits.maxWaitMs);
  }

  get length(): number {
    return this.#line.length;
  }

  /** Entries that may wait, other than in a burst. */
  get limit(): number {
    return this.#bound.standing;
  }

  offer(entry: Entry<T>): Offer<T> {
    const now = entry.enqueuedAt;
    this.#arrivals.add(now);
    const older = this.#line.ofStream(entry);
    if (older) return { accepted: true, displaced: this.#line.replace(older, entry), why: 'superseded' };
    const full = this.length >= this.#bound.at(now);
    const crowd = full ? this.#line.lastOfTheGreediest(entry.client) : undefined;
    if (full && !crowd) return { accepted: false };
    if (crowd) this.#line.leave(crowd);
    this.#line.enter(entry);
    this.#bound.came(this.length, now);
    return crowd ? { accepted: true, displaced: crowd.entry, why: 'crowded' } : { accepted: true };
  }

  /**
   * Takes back, to the front, what was dispatched and came to nothing; not counted against the bounds,
   * which it had passed. Returns what leaves instead: frames that are not the newest of their stream.
   */
  restore(entries: readonly Entry<T>[]): readonly Entry<T>[] {
    const superseded: Entry<T>[] = [];
    for (const entry of entries.toReversed()) {
      const other = this.#line.ofStream(entry);
      if (other && other.entry.enqueuedAt >= entry.enqueuedAt) superseded.push(entry);
      else if (other) superseded.push(this.#line.replace(other, entry));
      else this.#line.enterFirst(entry);
    }
    return superseded;
  }

  /** Does nothing where it doesn't wait. */
  remove(entry: Entry<T>): void {
    const place = this.#line.placeOf(entry);
    if (place) this.#line.leave(place);
  }

  /** The priority of `entry` has risen. Does nothing where it doesn't wait. */
  rise(entry: Entry<T>): void {
    const place = this.#line.placeOf(entry);
    if (place) this.#line.replace(place, entry);
  }

  /** Takes out what is past its deadline. */
  expire(now: number): readonly Entry<T>[] {
    return this.#line.expire(now);
  }

  /** Whether the next batch is one that runs alone, and so needs an idle instance. */
  nextRunsAlone(now: number): boolean {
    if (this.#line.alone === 0) return false;
    this.#line.raise(now);
    return this.#line.next?.entry.alone === true;
  }

  /** What to do at `now` with that room; call `expire` first. */
  decide(now: number, room: Room): Decision<T> {
    if (this.length === 0) return { kind: 'idle' };
    const situation = this.#situation(now, room);
    const ms = this.#line.alone > 0 ? 0 : this.#batching.waitMs(situation);
    if (ms > 0) return { kind: 'wait', ms };
    this.#line.raise(now);
    const batch = this.#take(now, this.#plan(situation));
    this.#bound.left(batch.length, this.length, now);
    return { kind: 'dispatch', batch };
  }

  /** Everything, oldest first; the queue is empty afterwards. */
  drain(): readonly Entry<T>[] {
    const all = [...this.#line.places].sort((one, other) => one.number - other.number);
    for (const place of all) this.#line.leave(place);
    return all.map(({ entry }) => entry);
  }

  #situation(now: number, room: Room): Situation {
    const { length: waiting } = this;
    let oldest = now;
    // Who is enough for the largest batch waits for nobody.
    if (waiting < this.#limits.maxBatch) for (const { since } of this.#line.places) oldest = Math.min(oldest, since);
    return {
      now,
      room,
      waiting,
      oldest,
      tightestDeadline: this.#line.tightestDeadline,
      gapMs: this.#arrivals.gapMs(now),
      silenceMs: this.#arrivals.silenceMs(now),
      seen: this.#arrivals.seen,
    };
  }

  #plan(situation: Situation): Plan {
    const { now, tightestDeadline } = situation;
    const doneAt = (size: number) => now + this.#batching.doneInMs(size, situation);
    const size = this.#batching.size(situation);
    if (tightestDeadline >= doneAt(size)) return { size };
    const soonest = doneAt(1);
    const possible = [...this.#line.places].filter(({ deadline }) => deadline >= soonest);
    // Nobody would be in time; but costs are estimates: a small run shows whether that is so.
    if (possible.length === 0) return { size: 1 };
    // Nobody is passed over for the sake of those whom he comes before by priority.
    const first = Math.min(...possible.map(({ lane }) => lane.level));
    const deadlines = possible.flatMap(({ lane, deadline }) => (lane.level === first ? [deadline] : []));
    const chosen = this.#batching.sizeUnderPressure(
      size,
      deadlines.sort((a, b) => a - b),
      situation,
    );
    return { size: chosen, from: doneAt(chosen) };
  }

  #take(now: number, { size, from }: Plan): Entry<T>[] {
    const batch: Entry<T>[] = [];
    while (batch.length < size) {
      const place = from === undefined ? this.#line.next : this.#line.nextWithTime(from);
      if (!place || (batch.length > 0 && !this.#joins(place.entry))) break;
      this.#line.serve(place, now);
      this.#shares.add(place.entry.client);
      batch.push(place.entry);
      if (place.entry.alone) break;
    }
    return batch;
  }

  /**
   * Whether it may be in a batch with others before it. What a batch takes along of a greedy client delays everybody
   * who comes while it runs.
   */
  #joins({ alone, client }: Entry<T>): boolean {
    return !alone && (this.#batching.pays || !this.#shares.isOver(client));
  }
}
