/**
 * Who waits, and who is next: the best priority first, within it the client that was served longest ago, of one client in
 * order of arrival.
 * What has waited for long for its client's turn rises in priority, so none starves; of one client's stream only one
 * waits. Pure: each question that hangs on time carries `now`. Knows no bound and no batch.
 *
 * No question takes longer because much waits, except that for a place with enough time.
 */
import { PRIORITIES } from '../../core/engine.ts';
import { Deadlines } from './deadlines.ts';
import { type Client, comesBefore, type Entry, Lane, levelOf, type Place, placeOf } from './lanes.ts';
import { Sorted } from './sorted.ts';

/** Clients of whom none waits and whose turn is known all the same. */
const MOST_REMEMBERED = 1000;

export class Line<T> {
  readonly #places = new Map<Entry<T>, Place<T>>();
  readonly #clients = new Map<string, Client<T>>();
  /** The best priority first, then whose turn it is. */
  readonly #turns = new Sorted<Client<T>>((one, other) => levelOf(one) - levelOf(other) || one.turn - other.turn);
  /** Who has most is last. */
  readonly #crowds = new Sorted<Client<T>>((one, other) => one.waiting - other.waiting || one.turn - other.turn);
  /** The turns of clients of whom none waits; the one that left last is last. */
  readonly #remembered = new Map<string, number>();
  readonly #deadlines = new Deadlines<Place<T>>();
  /** Those that others come before, by when they rise. */
  readonly #rising = new Sorted<Lane<T>>((one, other) => one.risesAt - other.risesAt || one.number - other.number);
  /** Entries that run alone. */
  #alone = 0;
  #turn = 0;
  #lanes = 0;
  #newest = 0;
  #foremost = 0;

  get length(): number {
    return this.#places.size;
  }

  /** Entries that run alone. */
  get alone(): number {
    return this.#alone;
  }

  get tightestDeadline(): number {
    return this.#deadlines.next;
  }

  /** In no order. */
  get places(): Iterable<Place<T>> {
    return this.#places.values();
  }

  /** Behind all of its client's. */
  enter(entry: Entry<T>): void {
    this.#newest += 1;
    this.#enter(entry, this.#newest);
  }

  /** Before all of its client's. */
  enterFirst(entry: Entry<T>): void {
    this.#foremost -= 1;
    this.#enter(entry, this.#foremost);
  }

  placeOf(entry: Entry<T>): Place<T> | undefined {
    return this.#places.get(entry);
  }

  leave(place: Place<T>): void {
    this.#rearrange(place.lane.client, () => this.#unlist(place));
  }

  /** Leaves to run: it was its client's turn, which now is behind all others. */
  serve(place: Place<T>, now: number): void {
    const { lane } = place;
    this.#rearrange(lane.client, () => {
      this.#unlist(place);
      lane.servedAt = now;
      this.#toTheEnd(lane.client);
    });
  }

  /** Gives the place to `entry`; returns whose it was. */
  replace(place: Place<T>, entry: Entry<T>): Entry<T> {
    const { client } = place.lane;
    this.#rearrange(client, () => {
      this.#unlist(place);
      this.#list(client, entry, place);
    });
    return place.entry;
  }

  /** Takes out what is past its deadline. */
  expire(now: number): readonly Entry<T>[] {
    const late = this.#deadlines.takeLate(now);
    for (const place of late) this.leave(place);
    return late.map(({ entry }) => entry);
  }

  /** Has those rise that have waited for long enough; call it before asking who is next. */
  raise(now: number): void {
    for (let { first } = this.#rising; first && first.risesAt <= now; first = this.#rising.first) {
      const lane = first;
      this.#rearrange(lane.client, () => {
        lane.raised += 1;
      });
    }
  }

  get next(): Place<T> | undefined {
    return this.#turns.first?.best?.places.first;
  }

  /** Of those whose deadline is at `from` or later. */
  nextWithTime(from: number): Place<T> | undefined {
    let best: Place<T> | undefined;
    for (const { lanes } of this.#turns)
      for (const { places } of lanes) {
        const place = places.find(({ deadline }) => deadline >= from);
        if (place && (!best || comesBefore(place, best))) best = place;
      }
    return best;
  }

  /** The place of the waiting frame of the same client's stream. */
  ofStream({ client, stream }: Entry<T>): Place<T> | undefined {
    return stream === undefined ? undefined : this.#clients.get(client)?.streams.get(stream);
  }

  /** Of the client with most entries, if it has at least two more than `client`, the newest of the least important. */
  lastOfTheGreediest(client: string): Place<T> | undefined {
    const greediest = this.#crowds.last;
    const own = this.#clients.get(client)?.waiting ?? 0;
    if (!greediest || greediest.waiting <= own + 1) return undefined;
    return greediest.lanes.findLast(({ places }) => places.length > 0)?.places.last;
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
    const turn = this.#remembered.get(name);
    if (turn === undefined) this.#toTheEnd(client);
    else client.turn = turn;
    return client;
  }

  /** Changes what the place of a client among the others hangs on; of one without entries only the turn is kept. */
  #rearrange(client: Client<T>, change: () => void): void {
    this.#turns.remove(client);
    this.#crowds.remove(client);
    for (const lane of client.lanes) this.#rising.remove(lane);
    change();
    client.best = undefined;
    if (client.waiting === 0) {
      this.#clients.delete(client.name);
      this.#remember(client);
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

  /**
   * Who asks for one at a time comes back when it is answered. Were it then behind all who wait, one with a long backlog
   * would be served in between each time.
   */
  #remember({ name, turn }: Client<T>): void {
    this.#remembered.delete(name);
    this.#remembered.set(name, turn);
    if (this.#remembered.size <= MOST_REMEMBERED) return;
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest);
      return;
    }
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
}
