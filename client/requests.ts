/**
 * The table of classify requests: which wait, which are in flight, and which were given up but still
 * hold a place on the wire. Owns their deadlines and abort signals. Guarantees that every request
 * settles exactly once and that nothing grows without bound. Knows no socket.
 */
import type { CancelSignal, Classification, ClassifyOptions, Priority } from '../core/engine.ts';
import { TwinlensError } from '../core/errors.ts';
import type { ClassifyMessage } from '../core/protocol.ts';
import type { Clock } from './platform.ts';

export interface RequestTableOptions {
  readonly clock: Clock;
  /** Requests that may wait for a place on the wire; 0: none may wait. */
  readonly maxWaiting: number;
  /** Bytes of the images of waiting requests. */
  readonly maxWaitingBytes: number;
  /** Called when a request that is in flight was given up: the gateway should hear of it. */
  readonly abandoned: (id: string) => void;
}

export interface Request {
  readonly id: string;
  readonly message: ClassifyMessage;
  readonly payload: Uint8Array;
  /** The clock's milliseconds after which no answer is wanted. */
  readonly deadlineAt: number;
}

interface Entry extends Request {
  readonly resolve: (classification: Classification) => void;
  readonly reject: (error: TwinlensError) => void;
  /** Ends the deadline's timer and the watch of the signal. */
  readonly release: () => void;
  /** Was in flight on a connection that was lost. */
  retried: boolean;
}

/**
 * Milliseconds after which the place of a request that was given up is free again although the
 * gateway never answered it. The gateway answers every request, so this only guards against a faulty one.
 */
const PLACE_MS = 30_000;

const RANK: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };
const rankOf = (entry: Entry) => RANK[entry.message.priority ?? 'normal'];

export class RequestTable {
  readonly #options: RequestTableOptions;
  /** In the order in which they came; those that are sent again stand in front. */
  readonly #waiting: Entry[] = [];
  readonly #inFlight = new Map<string, Entry>();
  /** Ids that were given up while in flight, with the time at which their place is free anyway. */
  readonly #places = new Map<string, number>();

  constructor(options: RequestTableOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Places taken on the wire. */
  get onWire(): number {
    return this.#inFlight.size + this.#places.size;
  }

  /**
   * Rejects at once with QUEUE_FULL when too many wait, and with CANCELLED when `signal` is aborted.
   * `maxInFlight` as for `take`, which the caller calls next; 0 while nothing can be sent.
   */
  add(
    message: ClassifyMessage,
    payload: Uint8Array,
    deadlineMs: number,
    signal: ClassifyOptions['signal'],
    maxInFlight: number,
  ): Promise<Classification> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(cancelled());
        return;
      }
      if (deadlineMs <= 0) {
        reject(late(deadlineMs));
        return;
      }
      const { clock } = this.#options;
      const { id } = message;
      const entry: Entry = {
        id,
        message,
        payload,
        deadlineAt: clock.now() + deadlineMs,
        resolve,
        reject,
        release: this.#watch(id, deadlineMs, signal),
        retried: false,
      };
      const full = this.#enqueue(entry, this.onWire < maxInFlight);
      if (full) this.#fail(entry, full);
    });
  }

  /** The next request to send, now in flight; undefined when none waits or `maxInFlight` places are taken. */
  take(maxInFlight: number): Request | undefined {
    const now = this.#options.clock.now();
    for (const [id, freeAt] of this.#places) if (freeAt <= now) this.#places.delete(id);
    if (this.onWire >= maxInFlight) return undefined;
    let best = 0;
    for (const [index, entry] of this.#waiting.entries()) {
      const leader = this.#waiting[best];
      if (leader && rankOf(entry) < rankOf(leader)) best = index;
    }
    const [entry] = this.#waiting.splice(best, 1);
    if (entry) this.#inFlight.set(entry.id, entry);
    return entry;
  }

  /** The gateway's answer. An id that nobody waits for only frees its place. */
  resolve(id: string, classification: Classification): void {
    const entry = this.#answered(id);
    entry?.release();
    entry?.resolve(classification);
  }

  /** The gateway's error. DRAINING sends the request again, once, on the next connection. */
  reject(id: string, error: TwinlensError): void {
    const entry = this.#answered(id);
    if (!entry) return;
    if (error.code === 'DRAINING' && !entry.retried) this.#sendAgain([entry]);
    else this.#fail(entry, error);
  }

  /**
   * The connection is gone. What was in flight waits again when the reason lets it and it is the
   * first time; otherwise it rejects.
   */
  lost(error: TwinlensError): void {
    const entries = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#places.clear();
    const again: Entry[] = [];
    for (const entry of entries) {
      if (!error.retryable) this.#fail(entry, error);
      else if (entry.retried) {
        const text = `The connection to the gateway was lost twice during this request (${error.message}); try again.`;
        this.#fail(entry, new TwinlensError('UNAVAILABLE', text, { cause: error }));
      } else again.push(entry);
    }
    this.#sendAgain(again);
  }

  /** Rejects everything. */
  clear(error: TwinlensError): void {
    const entries = [...this.#inFlight.values(), ...this.#waiting.splice(0)];
    this.#inFlight.clear();
    this.#places.clear();
    for (const entry of entries) this.#fail(entry, error);
  }

  #fail(entry: Entry, error: TwinlensError): void {
    entry.release();
    entry.reject(error);
  }

  #answered(id: string): Entry | undefined {
    this.#places.delete(id);
    const entry = this.#inFlight.get(id);
    this.#inFlight.delete(id);
    return entry;
  }

  /** Puts `entry` at the end, or in the place of an older one of its stream. The error when there is no room. */
  #enqueue(entry: Entry, goesNow: boolean): TwinlensError | undefined {
    const older = this.#sameStream(entry);
    if (older !== undefined) {
      const [replaced] = this.#waiting.splice(older, 1, entry);
      if (replaced) this.#fail(replaced, superseded());
      return undefined;
    }
    const { maxWaiting, maxWaitingBytes } = this.#options;
    const bytes = this.#waiting.reduce((sum, waiting) => sum + waiting.payload.length, entry.payload.length);
    if (!goesNow && (this.#waiting.length >= maxWaiting || bytes > maxWaitingBytes)) {
      return new TwinlensError(
        'QUEUE_FULL',
        `${this.#waiting.length} requests wait for the gateway already; wait for some answers before you send more.`,
      );
    }
    this.#waiting.push(entry);
    return undefined;
  }

  #sameStream(entry: Entry): number | undefined {
    const { stream } = entry.message;
    if (stream === undefined) return undefined;
    const index = this.#waiting.findIndex((other) => other.message.stream === stream);
    return index < 0 ? undefined : index;
  }

  /**
   * In front of the others, in their order. They had their place before, so the bound of waiting
   * requests does not hold them back; there are never more than the connection's `maxInFlight`.
   */
  #sendAgain(entries: readonly Entry[]): void {
    for (const entry of [...entries].reverse()) {
      if (this.#sameStream(entry) !== undefined) {
        this.#fail(entry, superseded());
        continue;
      }
      entry.retried = true;
      this.#waiting.unshift(entry);
    }
  }

  #watch(id: string, deadlineMs: number, signal: CancelSignal | undefined): () => void {
    const aborted = () => this.#giveUp(id, cancelled());
    const stop = this.#options.clock.after(deadlineMs, () => this.#giveUp(id, late(deadlineMs)));
    signal?.addEventListener('abort', aborted, { once: true });
    return () => {
      stop();
      signal?.removeEventListener('abort', aborted);
    };
  }

  #giveUp(id: string, error: TwinlensError): void {
    const index = this.#waiting.findIndex((entry) => entry.id === id);
    const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (waiting) {
      this.#fail(waiting, error);
      return;
    }
    const entry = this.#inFlight.get(id);
    if (!entry) return;
    this.#inFlight.delete(id);
    // The gateway counts it until it has answered, so it keeps its place here as well.
    this.#places.set(id, this.#options.clock.now() + PLACE_MS);
    this.#fail(entry, error);
    this.#options.abandoned(id);
  }
}

const cancelled = () => new TwinlensError('CANCELLED', 'The request was cancelled by its caller.');
const superseded = () => new TwinlensError('SUPERSEDED', 'A newer image of the same stream took its place.');
const late = (ms: number) =>
  new TwinlensError('DEADLINE_EXCEEDED', `No answer came within ${Math.round(ms)} ms; allow more time or try later.`);
