/**
 * The waiting requests of one model version, and which of them run next. Pure: it owns no clock and no
 * timer, every question carries `now` (milliseconds of one monotonic clock).
 *
 * Guarantees: takes no more than its bound; nothing past its deadline is dispatched; of one client's
 * stream only the newest waits; within a priority clients take turns; what has waited for long for its client's
 * turn rises in priority, so none starves. Passed over is only who, by what batches cost, can't be in time any more, or
 * whose being in time would make more others of his priority late; refused is nobody for that. No question takes longer
 * because much waits, except which to pass over.
 */
import { PRIORITIES } from '../../core/engine.ts';
import { Arrivals } from './arrivals.ts';
import { Batching, type Room, type Situation } from './batching.ts';
import type { CostCurve } from './cost-curve.ts';
import { Deadlines } from './deadlines.ts';
import { type Client, comesBefore, type Entry, Lane, levelOf, type Place, placeOf } from './lanes.ts';
import { Sorted } from './sorted.ts';

export { AGING_MS, type Entry } from './lanes.ts';

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
  readonly #places = new Map<Entry<T>, Place<T>>();
  readonly #clients = new Map<string, Client<T>>();
  /** The best priority first, then whose turn it is. */
  readonly #turns = new Sorted<Client<T>>((one, other) => levelOf(one) - levelOf(other) || one.turn - other.turn);
  /** Who has most is last. */
  readonly #crowds = new Sorted<Client<T>>((one, other) => one.waiting - other.waiting || one.turn - other.turn);
  readonly #deadlines = new Deadlines<Place<T>>();
  /** Those that others come before, by when they rise. */
  readonly #rising = new Sorted<Lane<T>>((one, other) => one.risesAt - other.risesAt || one.number - other.number);
  /** Entries that run alone. */
  #alone = 0;
  readonly #arrivals = new Arrivals();
  readonly #batching: Batching;
  #turn = 0;
  #lanes = 0;
  #newest = 0;
  #foremost = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
    this.#batching = new Batching(limits.costs, limits.maxBatch, limits.maxWaitMs);
  }

  get length(): number {
    return this.#places.size;
  }

  offer(entry: Entry<T>): Offer<T> {
    this.#arrivals.add(entry.enqueuedAt);
    const older = this.#ofStream(entry);
    if (older) return { accepted: true, displaced: this.#replace(older, entry), why: 'superseded' };
    const crowd = this.length < this.#limits.maxLength ? undefined : this.#lastOfTheGreediest(entry.client);
    if (this.length >= this.#limits.maxLength && !crowd) return { accepted: false };
    if (crowd) this.#leave(crowd);
    this.#newest += 1;
    this.#enter(entry, this.#newest);
    return crowd ? { accepted: true, displaced: crowd.entry, why: 'crowded' } : { accepted: true };
  }

  /**
   * Takes back, to the front, what was dispatched and came to nothing; not counted against the bound,
   * which it had passed. Returns what leaves instead: frames that are not the newest of their stream.
   */
  restore(entries: readonly Entry<T>[]): readonly Entry<T>[] {
    const superseded: Entry<T>[] = [];
    for (const entry of entries.toReversed()) {
      const other = this.#ofStream(entry);
      if (other && other.entry.enqueuedAt >= entry.enqueuedAt) superseded.push(entry);
      else if (other) superseded.push(this.#replace(other, entry));
      else {
        this.#foremost -= 1;
        this.#enter(entry, this.#foremost);
      }
    }
    return superseded;
  }

  /** Does nothing where it doesn't wait. */
  remove(entry: Entry<T>): void {
    const place = this.#places.get(entry);
    if (place) this.#leave(place);
  }

  /** The priority of `entry` has risen. Does nothing where it doesn't wait. */
  rise(entry: Entry<T>): void {
    const place = this.#places.get(entry);
    if (place) this.#replace(place, entry);
  }

  /** Takes out what is past its deadline. */
  expire(now: number): readonly Entry<T>[] {
    const late = this.#deadlines.takeLate(now);
    for (const place of late) this.#leave(place);
    return late.map(({ entry }) => entry);
  }

  /** Whether the next batch is one that runs alone, and so needs an idle instance. */
  nextRunsAlone(now: number): boolean {
    if (this.#alone === 0) return false;
    this.#raise(now);
    return this.#next?.entry.alone === true;
  }

  /** What to do at `now` with that room; call `expire` first. */
  decide(now: number, room: Room): Decision<T> {
    if (this.length === 0) return { kind: 'idle' };
    const situation = this.#situation(now, room);
    const ms = this.#alone > 0 ? 0 : this.#batching.waitMs(situation);
    if (ms > 0) return { kind: 'wait', ms };
    this.#raise(now);
    return { kind: 'dispatch', batch: this.#take(now, this.#plan(situation)) };
  }

  /** Everything, oldest first; the queue is empty afterwards. */
  drain(): readonly Entry<T>[] {
    const all = [...this.#places.values()].sort((one, other) => one.number - other.number);
    for (const place of all) this.#leave(place);
    return all.map(({ entry }) => entry);
  }

  #situation(now: number, room: Room): Situation {
    const { length: waiting } = this;
    let oldest = now;
    // Who is enough for the largest batch waits for nobody.
    if (waiting < this.#limits.maxBatch)
      for (const { since } of this.#places.values()) oldest = Math.min(oldest, since);
    return {
      now,
      room,
      waiting,
      oldest,
      tightestDeadline: this.#deadlines.next,
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
    const possible = [...this.#places.values()].filter(({ deadline }) => deadline >= soonest);
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

  /** Call `#raise` first. */
  #take(now: number, { size, from }: Plan): Entry<T>[] {
    const batch: Entry<T>[] = [];
    while (batch.length < size) {
      const place = from === undefined ? this.#next : this.#nextWithTime(from);
      if (!place || (place.entry.alone && batch.length > 0)) break;
      const { lane, entry } = place;
      this.#rearrange(lane.client, () => {
        this.#unlist(place);
        lane.servedAt = now;
        this.#toTheEnd(lane.client);
      });
      batch.push(entry);
      if (entry.alone) break;
    }
    return batch;
  }

  /** Has those rise that have waited for long enough. */
  #raise(now: number): void {
    for (let { first } = this.#rising; first && first.risesAt <= now; first = this.#rising.first) {
      const lane = first;
      this.#rearrange(lane.client, () => {
        lane.raised += 1;
      });
    }
  }

  /** The best priority first, then the client whose turn it is, then arrival. */
  get #next(): Place<T> | undefined {
    return this.#turns.first?.best?.places.first;
  }

  /** The same, of those whose deadline is at `from` or later. */
  #nextWithTime(from: number): Place<T> | undefined {
    let best: Place<T> | undefined;
    for (const { lanes } of this.#turns)
      for (const { places } of lanes) {
        const place = places.find(({ deadline }) => deadline >= from);
        if (place && (!best || comesBefore(place, best))) best = place;
      }
    return best;
  }

  #enter(entry: Entry<T>, number: number): void {
    const client = this.#clients.get(entry.client) ?? this.#come(entry.client);
    this.#rearrange(client, () => this.#list(client, entry, { since: entry.enqueuedAt, number }));
  }

  #come(name: string): Client<T> {
    const lanes: Lane<T>[] = [];
    const client: Client<T> = { name, lanes, streams: new Map(), turn: 0, waiting: 0, best: undefined };
    for (const rank of PRIORITIES.keys()) {
      this.#lanes += 1;
      lanes.push(new Lane(rank, client, this.#lanes));
    }
    this.#clients.set(name, client);
    this.#toTheEnd(client);
    return client;
  }

  #leave(place: Place<T>): void {
    this.#rearrange(place.lane.client, () => this.#unlist(place));
  }

  /** Gives the place to `entry`; returns whose it was. */
  #replace(place: Place<T>, entry: Entry<T>): Entry<T> {
    const { client } = place.lane;
    this.#rearrange(client, () => {
      this.#unlist(place);
      this.#list(client, entry, place);
    });
    return place.entry;
  }

  /** Changes what the place of a client among the others hangs on; one without entries is forgotten. */
  #rearrange(client: Client<T>, change: () => void): void {
    this.#turns.remove(client);
    this.#crowds.remove(client);
    for (const lane of client.lanes) this.#rising.remove(lane);
    change();
    client.best = undefined;
    if (client.waiting === 0) {
      this.#clients.delete(client.name);
      return;
    }
    for (const lane of client.lanes) {
      const { first } = lane.places;
      if (!first) continue;
      lane.look();
      if (lane.level > 0) this.#rising.add(lane);
      const level = levelOf(client);
      const older = first.number < (client.best?.places.first?.number ?? Number.POSITIVE_INFINITY);
      if (lane.level < level || (lane.level === level && older)) client.best = lane;
    }
    this.#turns.add(client);
    this.#crowds.add(client);
  }

  #list(client: Client<T>, entry: Entry<T>, at: Pick<Place<T>, 'since' | 'number'>): void {
    const lane = client.lanes[PRIORITIES.indexOf(entry.priority)];
    if (!lane) return;
    const place = placeOf(entry, lane, at);
    this.#places.set(entry, place);
    lane.places.add(place);
    client.waiting += 1;
    if (entry.stream !== undefined) client.streams.set(entry.stream, place);
    this.#deadlines.add(place);
    if (entry.alone) this.#alone += 1;
  }

  #unlist(place: Place<T>): void {
    const { entry, lane } = place;
    const { client } = lane;
    this.#places.delete(entry);
    lane.places.remove(place);
    client.waiting -= 1;
    if (entry.stream !== undefined) client.streams.delete(entry.stream);
    this.#deadlines.delete(place);
    if (entry.alone) this.#alone -= 1;
  }

  /** Behind all others. */
  #toTheEnd(client: Client<T>): void {
    this.#turn += 1;
    client.turn = this.#turn;
  }

  /** The place of the waiting frame of the same client's stream. */
  #ofStream({ client, stream }: Entry<T>): Place<T> | undefined {
    return stream === undefined ? undefined : this.#clients.get(client)?.streams.get(stream);
  }

  /** Of the client with most entries, if it has at least two more than `client`, the newest of the least important. */
  #lastOfTheGreediest(client: string): Place<T> | undefined {
    const greediest = this.#crowds.last;
    const own = this.#clients.get(client)?.waiting ?? 0;
    if (!greediest || greediest.waiting <= own + 1) return undefined;
    return greediest.lanes.findLast(({ places }) => places.length > 0)?.places.last;
  }
}
