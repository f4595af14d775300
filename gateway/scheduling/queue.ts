/**
 * The waiting requests of one model version, and which of them run next. Pure: it owns no clock and no
 * timer, every question carries `now` (milliseconds of one monotonic clock).
 *
 * Guarantees: never longer than its bound; nothing past its deadline is dispatched; of one client's
 * stream only the newest waits; within a priority clients take turns; a request that has waited for
 * long rises in priority, so none starves.
 */
import { PRIORITIES, type Priority } from '../../core/engine.ts';

export interface Entry<T> {
  readonly client: string;
  readonly priority: Priority;
  readonly stream?: string;
  readonly enqueuedAt: number;
  readonly deadline: number;
  /** Runs in a batch of its own: what it was in before killed its instance. */
  readonly alone: boolean;
  readonly request: T;
}

export interface QueueLimits {
  /** Entries. */
  readonly maxLength: number;
  /** Entries of one batch. */
  readonly maxBatch: number;
  /** Milliseconds that an entry may wait for company; 0: never waits. */
  readonly maxWaitMs: number;
}

/** Milliseconds of waiting that raise an entry by one priority. */
export const AGING_MS = 1000;

export type Decision<T> =
  | { readonly kind: 'dispatch'; readonly batch: readonly Entry<T>[] }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'idle' };

export type Offer<T> =
  /** `displaced` left the queue for it: an older frame of its stream, or the newest of a greedier client. */
  | { readonly accepted: true; readonly displaced?: Entry<T>; readonly why?: 'superseded' | 'crowded' }
  | { readonly accepted: false };

export class BatchQueue<T> {
  readonly #limits: QueueLimits;
  /** In order of arrival. */
  #entries: Entry<T>[] = [];
  /** When each client with waiting entries was served last, as a running number. */
  readonly #served = new Map<string, number>();
  #turn = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#entries.length;
  }

  offer(entry: Entry<T>): Offer<T> {
    const older = this.#entries.findIndex(
      ({ client, stream }) => entry.stream !== undefined && client === entry.client && stream === entry.stream,
    );
    if (older >= 0) {
      const displaced = this.#entries[older];
      this.#entries.splice(older, 1);
      this.#entries.push(entry);
      return { accepted: true, displaced, why: 'superseded' };
    }
    if (this.#entries.length < this.#limits.maxLength) {
      this.#entries.push(entry);
      return { accepted: true };
    }
    const crowd = this.#newestOfTheGreediest(entry.client);
    if (crowd === undefined) return { accepted: false };
    const [displaced] = this.#entries.splice(crowd, 1);
    this.#entries.push(entry);
    return { accepted: true, displaced, why: 'crowded' };
  }

  /** Takes back what was dispatched and came to nothing; not counted against the bound, which it had passed. */
  restore(entries: readonly Entry<T>[]): void {
    this.#entries.unshift(...entries);
  }

  remove(matches: (entry: Entry<T>) => boolean): Entry<T> | undefined {
    const at = this.#entries.findIndex(matches);
    return at < 0 ? undefined : this.#entries.splice(at, 1)[0];
  }

  /** Takes out what is past its deadline. */
  expire(now: number): readonly Entry<T>[] {
    const expired = this.#entries.filter(({ deadline }) => deadline <= now);
    if (expired.length > 0) this.#entries = this.#entries.filter(({ deadline }) => deadline > now);
    return expired;
  }

  /** What to do at `now` with an instance free; call `expire` first. */
  decide(now: number): Decision<T> {
    if (this.#entries.length === 0) return { kind: 'idle' };
    let oldest = Number.POSITIVE_INFINITY;
    for (const { enqueuedAt, alone } of this.#entries)
      oldest = Math.min(oldest, alone ? Number.NEGATIVE_INFINITY : enqueuedAt);
    const left = oldest + this.#limits.maxWaitMs - now;
    if (this.#entries.length < this.#limits.maxBatch && left > 0) return { kind: 'wait', ms: left };
    return { kind: 'dispatch', batch: this.#take(now) };
  }

  /** Everything, oldest first; the queue is empty afterwards. */
  drain(): readonly Entry<T>[] {
    const all = this.#entries;
    this.#entries = [];
    return all;
  }

  #take(now: number): Entry<T>[] {
    const batch: Entry<T>[] = [];
    while (batch.length < this.#limits.maxBatch) {
      const at = this.#next(now);
      const entry = at === undefined ? undefined : this.#entries[at];
      if (at === undefined || !entry) break;
      if (entry.alone && batch.length > 0) break;
      this.#entries.splice(at, 1);
      this.#turn += 1;
      this.#served.set(entry.client, this.#turn);
      batch.push(entry);
      if (entry.alone) break;
    }
    this.#forgetAbsent();
    return batch;
  }

  /** The best priority first, then the client that waits longest for its turn, then arrival. */
  #next(now: number): number | undefined {
    let best: { at: number; level: number; turn: number } | undefined;
    for (const [at, entry] of this.#entries.entries()) {
      const level = Math.max(0, PRIORITIES.indexOf(entry.priority) - Math.floor((now - entry.enqueuedAt) / AGING_MS));
      const turn = this.#served.get(entry.client) ?? 0;
      if (!best || level < best.level || (level === best.level && turn < best.turn)) best = { at, level, turn };
    }
    return best?.at;
  }

  /** A client without entries starts anew; otherwise the map would grow with every client ever seen. */
  #forgetAbsent(): void {
    if (this.#served.size <= this.#limits.maxLength) return;
    const present = new Set(this.#entries.map(({ client }) => client));
    for (const client of this.#served.keys()) if (!present.has(client)) this.#served.delete(client);
  }

  /** Of the client with most entries, if it has at least two more than `client`, the newest one's place. */
  #newestOfTheGreediest(client: string): number | undefined {
    const counts = new Map<string, number>();
    for (const entry of this.#entries) counts.set(entry.client, (counts.get(entry.client) ?? 0) + 1);
    let greediest: string | undefined;
    for (const [name, count] of counts) if (count > (counts.get(greediest ?? '') ?? 0)) greediest = name;
    if (greediest === undefined || (counts.get(greediest) ?? 0) < (counts.get(client) ?? 0) + 2) return undefined;
    return this.#entries.findLastIndex((entry) => entry.client === greediest);
  }
}
