/**
 * The waiting requests of one model version, and which of them run next. Pure: it owns no clock and no
 * timer, every question carries `now` (milliseconds of one monotonic clock).
 *
 * Guarantees: takes no more than its bound; nothing past its deadline is dispatched; of one client's
 * stream only the newest waits; within a priority clients take turns; a place that has waited for long
 * rises in priority, so none starves. Passed over is only who, by what batches cost, can't be in time any more, or
 * whose being in time would make more others of his priority late; refused is nobody for that.
 */
import { PRIORITIES, type Priority } from '../../core/engine.ts';
import { Arrivals } from './arrivals.ts';
import { Batching, type Room, type Situation } from './batching.ts';
import type { CostCurve } from './cost-curve.ts';

export interface Entry<T> {
  readonly client: string;
  readonly priority: Priority;
  readonly stream?: string;
  readonly enqueuedAt: number;
  readonly deadline: number;
  /** Runs with no other: what it was in before killed its instance, perhaps because of it. */
  readonly alone: boolean;
  readonly request: T;
}

export interface QueueLimits {
  /** Entries. */
  readonly maxLength: number;
  /** Entries of one batch. */
  readonly maxBatch: number;
  /** Milliseconds that an entry may wait for company while an instance is idle; 0: never waits. */
  readonly maxWaitMs: number;
  /** What batches cost. */
  readonly costs: CostCurve;
}

/** Milliseconds of waiting that raise a place by one priority. */
export const AGING_MS = 1000;

export type Decision<T> =
  | { readonly kind: 'dispatch'; readonly batch: readonly Entry<T>[] }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'idle' };

export type Offer<T> =
  /** `displaced` left the queue for it: an older frame of its stream, or the newest of a greedier client. */
  | { readonly accepted: true; readonly displaced?: Entry<T>; readonly why?: 'superseded' | 'crowded' }
  | { readonly accepted: false };

interface Place<T> {
  readonly entry: Entry<T>;
  /** When the place was taken: a newer frame inherits it, or a fast stream would never come first. */
  readonly since: number;
}

interface Client {
  /** Running number of when it was served last, or came. The lowest is next. */
  turn: number;
  waiting: number;
}

export class BatchQueue<T> {
  readonly #limits: QueueLimits;
  /** In order of arrival. */
  readonly #places: Place<T>[] = [];
  /** Those with waiting entries; who comes or comes back stands behind all others. */
  readonly #clients = new Map<string, Client>();
  #turn = 0;
  readonly #arrivals = new Arrivals();
  readonly #batching: Batching;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
    this.#batching = new Batching(limits.costs, limits.maxBatch, limits.maxWaitMs);
  }

  get length(): number {
    return this.#places.length;
  }

  offer(entry: Entry<T>): Offer<T> {
    this.#arrivals.add(entry.enqueuedAt);
    const at = this.#ofStream(entry);
    const older = this.#places[at];
    if (older) {
      this.#places[at] = { entry, since: older.since };
      return { accepted: true, displaced: older.entry, why: 'superseded' };
    }
    if (this.#places.length < this.#limits.maxLength) {
      this.#places.push(this.#enter(entry));
      return { accepted: true };
    }
    const crowd = this.#newestOfTheGreediest(entry.client);
    if (crowd === undefined) return { accepted: false };
    const displaced = this.#leave(crowd);
    this.#places.push(this.#enter(entry));
    return { accepted: true, displaced, why: 'crowded' };
  }

  /**
   * Takes back, to the front, what was dispatched and came to nothing; not counted against the bound,
   * which it had passed. Returns what leaves instead: frames that are not the newest of their stream.
   */
  restore(entries: readonly Entry<T>[]): readonly Entry<T>[] {
    const superseded: Entry<T>[] = [];
    for (const entry of entries.toReversed()) {
      const at = this.#ofStream(entry);
      const other = this.#places[at];
      if (!other) this.#places.unshift(this.#enter(entry));
      else if (other.entry.enqueuedAt >= entry.enqueuedAt) superseded.push(entry);
      else {
        this.#places[at] = { entry, since: other.since };
        superseded.push(other.entry);
      }
    }
    return superseded;
  }

  remove(matches: (entry: Entry<T>) => boolean): Entry<T> | undefined {
    const at = this.#places.findIndex(({ entry }) => matches(entry));
    return at < 0 ? undefined : this.#leave(at);
  }

  /** Takes out what is past its deadline. */
  expire(now: number): readonly Entry<T>[] {
    const expired: Entry<T>[] = [];
    for (let at = this.#places.length - 1; at >= 0; at -= 1) {
      if ((this.#places[at]?.entry.deadline ?? Number.POSITIVE_INFINITY) > now) continue;
      const entry = this.#leave(at);
      if (entry) expired.unshift(entry);
    }
    return expired;
  }

  /** Whether the next batch is one that runs alone, and so needs an idle instance. */
  nextRunsAlone(now: number): boolean {
    if (!this.#places.some(({ entry }) => entry.alone)) return false;
    const next = this.#next(now);
    return next !== undefined && this.#places[next]?.entry.alone === true;
  }

  /** What to do at `now` with that room; call `expire` first. */
  decide(now: number, room: Room): Decision<T> {
    if (this.#places.length === 0) return { kind: 'idle' };
    const situation = this.#situation(now, room);
    const ms = this.#places.some(({ entry }) => entry.alone) ? 0 : this.#batching.waitMs(situation);
    if (ms > 0) return { kind: 'wait', ms };
    return { kind: 'dispatch', batch: this.#take(now, this.#plan(situation)) };
  }

  /** Everything, oldest first; the queue is empty afterwards. */
  drain(): readonly Entry<T>[] {
    this.#clients.clear();
    return this.#places.splice(0).map(({ entry }) => entry);
  }

  #situation(now: number, room: Room): Situation {
    let oldest = Number.POSITIVE_INFINITY;
    let tightestDeadline = Number.POSITIVE_INFINITY;
    for (const { since, entry } of this.#places) {
      oldest = Math.min(oldest, since);
      tightestDeadline = Math.min(tightestDeadline, entry.deadline);
    }
    const waiting = this.#places.length;
    const gapMs = this.#arrivals.gapMs(now);
    return { now, room, waiting, oldest, tightestDeadline, gapMs, silenceMs: this.#arrivals.silenceMs(now) };
  }

  /** How many run next, and the deadline from which on one can be among them. */
  #plan(situation: Situation): { readonly size: number; readonly from: number } {
    const { now, tightestDeadline } = situation;
    const doneAt = (size: number) => now + this.#batching.doneInMs(size, situation);
    const size = this.#batching.size(situation);
    if (tightestDeadline >= doneAt(size)) return { size, from: now };
    const possible = this.#places.filter(({ entry }) => entry.deadline >= doneAt(1));
    // Nobody would be in time; but costs are estimates: a small run shows whether that is so.
    if (possible.length === 0) return { size: 1, from: now };
    // Nobody is passed over for the sake of those whom he comes before by priority.
    const first = Math.min(...possible.map((place) => levelOf(place, now)));
    const deadlines = possible.filter((place) => levelOf(place, now) === first).map(({ entry }) => entry.deadline);
    const chosen = this.#batching.sizeUnderPressure(
      size,
      deadlines.sort((a, b) => a - b),
      situation,
    );
    return { size: chosen, from: doneAt(chosen) };
  }

  #take(now: number, { size, from }: { readonly size: number; readonly from: number }): Entry<T>[] {
    const batch: Entry<T>[] = [];
    while (batch.length < size) {
      const at = this.#next(now, from);
      if (at === undefined || (this.#places[at]?.entry.alone && batch.length > 0)) break;
      const entry = this.#leave(at);
      if (!entry) break;
      const client = this.#clients.get(entry.client);
      if (client) {
        this.#turn += 1;
        client.turn = this.#turn;
      }
      batch.push(entry);
      if (entry.alone) break;
    }
    return batch;
  }

  /** Of those with a deadline at `from` or later: the best priority first, then the client whose turn it is, then arrival. */
  #next(now: number, from = now): number | undefined {
    let best: { at: number; level: number; turn: number } | undefined;
    for (const [at, { entry, since }] of this.#places.entries()) {
      if (entry.deadline < from) continue;
      const level = levelOf({ entry, since }, now);
      const turn = this.#clients.get(entry.client)?.turn ?? 0;
      if (!best || level < best.level || (level === best.level && turn < best.turn)) best = { at, level, turn };
    }
    return best?.at;
  }

  #enter(entry: Entry<T>): Place<T> {
    const client = this.#clients.get(entry.client);
    if (client) client.waiting += 1;
    else {
      this.#turn += 1;
      this.#clients.set(entry.client, { turn: this.#turn, waiting: 1 });
    }
    return { entry, since: entry.enqueuedAt };
  }

  #leave(at: number): Entry<T> | undefined {
    const entry = this.#places.splice(at, 1)[0]?.entry;
    const client = entry && this.#clients.get(entry.client);
    if (!client) return entry;
    client.waiting -= 1;
    if (client.waiting === 0) this.#clients.delete(entry.client);
    return entry;
  }

  /** The place of the waiting frame of the same client's stream, or -1. */
  #ofStream({ client, stream }: Entry<T>): number {
    if (stream === undefined) return -1;
    return this.#places.findIndex(({ entry }) => entry.client === client && entry.stream === stream);
  }

  /** Of the client with most entries, if it has at least two more than `client`, the newest one's place. */
  #newestOfTheGreediest(client: string): number | undefined {
    let greediest: string | undefined;
    let most = (this.#clients.get(client)?.waiting ?? 0) + 1;
    for (const [name, { waiting }] of this.#clients) {
      if (waiting <= most) continue;
      greediest = name;
      most = waiting;
    }
    if (greediest === undefined) return undefined;
    return this.#places.findLastIndex(({ entry }) => entry.client === greediest);
  }
}

/** 0 is the first to be served. */
function levelOf<T>({ entry, since }: Place<T>, now: number): number {
  return Math.max(0, PRIORITIES.indexOf(entry.priority) - Math.floor((now - since) / AGING_MS));
}
