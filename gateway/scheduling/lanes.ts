/**
 * Where waiting requests stand: each client has a lane a priority, each lane its places in order of arrival. Says which
 * of two places comes first, and how far a lane has risen by waiting for its client's turn. Pure; who enters and leaves
 * is the queue's matter.
 */
import { PRIORITIES, type Priority } from '../../core/engine.ts';
import { Sorted } from './sorted.ts';

export interface Entry<T> {
  readonly client: string;
  /** May rise while it waits; `rise` tells the queue. */
  readonly priority: Priority;
  readonly stream?: string;
  readonly enqueuedAt: number;
  /** May move back while it waits. */
  readonly deadline: number;
  /** Runs with no other: what it was in before killed its instance, perhaps because of it. */
  readonly alone: boolean;
  readonly request: T;
}

/** Milliseconds of waiting for its client's turn that raise what is next by one priority. */
export const AGING_MS = 1000;

/** Who has waiting entries. */
export interface Client<T> {
  readonly name: string;
  /** By priority. */
  readonly lanes: readonly Lane<T>[];
  /** Its waiting frames, by stream. */
  readonly streams: Map<string, Place<T>>;
  /** Running number of when it was served last, or came first. The lowest is next. */
  turn: number;
  waiting: number;
  /** The lane whose first one is next of all of the client's. */
  best: Lane<T> | undefined;
}

/** What a client has waiting of one priority, in order of arrival. */
export class Lane<T> {
  /** The number of priorities that come before it. */
  readonly rank: number;
  readonly client: Client<T>;
  /** Tells it from all others. */
  readonly number: number;
  readonly places = new Sorted<Place<T>>((one, other) => one.number - other.number);
  servedAt = Number.NEGATIVE_INFINITY;
  /** Since when the first one has waited for its turn: a long backlog is no reason to come before others. */
  since = 0;
  /** Priorities by which that has raised it. */
  raised = 0;

  constructor(rank: number, client: Client<T>, number: number) {
    this.rank = rank;
    this.client = client;
    this.number = number;
  }

  get level(): number {
    return this.places.length === 0 ? PRIORITIES.length : Math.max(0, this.rank - this.raised);
  }

  get risesAt(): number {
    return this.since + (this.raised + 1) * AGING_MS;
  }

  /** Another one may be the first. */
  look(): void {
    const since = Math.max(this.places.first?.since ?? 0, this.servedAt);
    if (since === this.since) return;
    this.since = since;
    this.raised = 0;
  }
}

export interface Place<T> {
  readonly lane: Lane<T>;
  readonly entry: Entry<T>;
  readonly deadline: number;
  /** When the place was taken: a newer frame inherits it, or a fast stream would never come first. */
  readonly since: number;
  /** Order of arrival; what was restored has the lowest. */
  readonly number: number;
}

export function placeOf<T>(
  entry: Entry<T>,
  lane: Lane<T>,
  { since, number }: Pick<Place<T>, 'since' | 'number'>,
): Place<T> {
  return {
    lane,
    entry,
    since,
    number,
    get deadline() {
      return entry.deadline;
    },
  };
}

export function comesBefore<T>({ lane, number }: Place<T>, other: Place<T>): boolean {
  const order = lane.level - other.lane.level || lane.client.turn - other.lane.client.turn || number - other.number;
  return order < 0;
}

export const levelOf = <T>({ best }: Client<T>): number => best?.level ?? PRIORITIES.length;
