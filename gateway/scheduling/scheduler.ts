/**
 * Brings waiting requests of one model version to its instances. The one class with the queue's
 * timers. Guarantees that every accepted request settles exactly once: with its result, its own
 * error, DEADLINE_EXCEEDED, CANCELLED, SUPERSEDED or QUEUE_FULL; one whose instance died is run
 * once more, alone. Knows no ONNX Runtime and no socket.
 */
import type { CancelSignal, Priority } from '../../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { Room } from './batching.ts';
import { Deadlines } from './deadlines.ts';
import { BatchQueue, type Entry, type QueueLimits } from './queue.ts';

/** The slice of the platform that schedulers wait with; tests hand in their own. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Calls back once after `ms`; returns the way to stop it. */
  after(ms: number, callback: () => void): () => void;
}

/** What runs batches: the instances of a model version. */
export interface Runner<Request, Result> {
  /** Where a batch could run now; undefined: nowhere. @param alone for one that shares its instance with no other */
  room(alone: boolean): Room | undefined;
  /** One outcome a request, in order. Call only when there is `room`. Rejects when the whole batch came to nothing and may be tried again. */
  run(batch: readonly Request[], alone: boolean): Promise<readonly Outcome<Result>[]>;
  /** `listener` is called whenever there may be more room. */
  onCapacity(listener: () => void): void;
}

export type Outcome<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly error: TwinlensError };

/** Read anew when they count: while it waits, a request may gain time or importance, never lose any. */
export interface SubmitOptions {
  readonly client: string;
  readonly priority: Priority;
  /** On the scheduler's clock. */
  readonly deadline: number;
  readonly stream?: string;
  readonly signal?: CancelSignal;
  /** Has `listener` called whenever `priority` has risen. */
  readonly onRise?: (listener: () => void) => void;
}

export interface Scheduled<Result> {
  readonly result: Result;
  /** Milliseconds in the queue. */
  readonly queue: number;
}

interface Ticket<Request, Result> {
  readonly request: Request;
  readonly options: SubmitOptions;
  readonly deadline: number;
  /** What it waits by, or waited by last. */
  entry: Entry<Ticket<Request, Result>> | undefined;
  settled: boolean;
  attempts: number;
  resolve(value: Scheduled<Result>): void;
  reject(error: TwinlensError): void;
}

/** Milliseconds that a refused client should wait: about as long as a full queue takes on a slow CPU. */
const RETRY_AFTER_MS = 1000;
/** Longest single timer, milliseconds: platforms fire those beyond 2^31 at once. It is set anew when it ends. */
const LONGEST_TIMER_MS = 60_000;

export class Scheduler<Request, Result> {
  readonly #queue: BatchQueue<Ticket<Request, Result>>;
  readonly #runner: Runner<Request, Result>;
  readonly #clock: Clock;
  readonly #onLength: (pending: number, limit: number) => void;
  /** Everything accepted and not settled, waiting or running. */
  readonly #open = new Set<Ticket<Request, Result>>();
  readonly #deadlines = new Deadlines<Ticket<Request, Result>>();
  #stopTimer: () => void = () => undefined;
  #closed: TwinlensError | undefined;

  constructor(options: {
    readonly limits: QueueLimits;
    readonly runner: Runner<Request, Result>;
    readonly clock: Clock;
    /** Told whenever the number of waiting requests changed, and how many may wait. */
    readonly onLength: (pending: number, limit: number) => void;
  }) {
    this.#queue = new BatchQueue(options.limits);
    this.#runner = options.runner;
    this.#clock = options.clock;
    this.#onLength = options.onLength;
    this.#runner.onCapacity(() => this.#pump());
  }

  /** Requests accepted and not yet settled. */
  get open(): number {
    return this.#open.size;
  }

  submit(request: Request, options: SubmitOptions): Promise<Scheduled<Result>> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (options.signal?.aborted) return Promise.reject(new TwinlensError('CANCELLED', 'The request was cancelled.'));
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const cancel = () => this.#cancel(ticket);
      const settle = () => {
        ticket.settled = true;
        this.#open.delete(ticket);
        this.#deadlines.delete(ticket);
        signal?.removeEventListener('abort', cancel);
      };
      const ticket: Ticket<Request, Result> = {
        request,
        options,
        get deadline() {
          return options.deadline;
        },
        entry: undefined,
        settled: false,
        attempts: 0,
        resolve: (value) => {
          if (ticket.settled) return;
          settle();
          resolve(value);
        },
        reject: (error) => {
          if (ticket.settled) return;
          settle();
          reject(error);
        },
      };
      const offer = this.#queue.offer(entryOf(ticket, this.#clock.now(), false));
      if (!offer.accepted) {
        // The more are refused, the less there is to spend on it; and nothing has changed.
        reject(queueFull());
        return;
      }
      this.#open.add(ticket);
      this.#deadlines.add(ticket);
      signal?.addEventListener('abort', cancel, { once: true });
      options.onRise?.(() => {
        if (ticket.entry) this.#queue.rise(ticket.entry);
      });
      offer.displaced?.request.reject(offer.why === 'superseded' ? superseded() : queueFull());
      this.#pump();
    });
  }

  /** Refuses new requests and rejects what still waits or runs with `error`. */
  close(error: TwinlensError): void {
    this.#closed = error;
    this.#stopTimer();
    this.#queue.drain();
    for (const ticket of [...this.#open]) ticket.reject(error);
  }

  #cancel(ticket: Ticket<Request, Result>): void {
    if (ticket.entry) this.#queue.remove(ticket.entry);
    ticket.reject(new TwinlensError('CANCELLED', 'The request was cancelled.'));
    this.#pump();
  }

  #pump(): void {
    if (this.#closed) return;
    this.#stopTimer();
    const now = this.#clock.now();
    this.#expire(now);
    let waitMs = Number.POSITIVE_INFINITY;
    // One that must run alone holds back the others until an instance is idle; else there might never be one.
    for (;;) {
      const room = this.#runner.room(this.#queue.nextRunsAlone(now));
      if (!room) break;
      const decision = this.#queue.decide(now, room);
      if (decision.kind === 'dispatch') {
        void this.#dispatch(decision.batch, now);
        continue;
      }
      if (decision.kind === 'wait') waitMs = decision.ms;
      break;
    }
    this.#onLength(this.#queue.length, this.#queue.limit);
    waitMs = Math.min(waitMs, this.#deadlines.next - now);
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#stopTimer = this.#clock.after(Math.min(Math.max(waitMs, 0), LONGEST_TIMER_MS), () => this.#pump());
  }

  #expire(now: number): void {
    this.#queue.expire(now);
    for (const ticket of this.#deadlines.takeLate(now)) {
      ticket.reject(
        new TwinlensError(
          'DEADLINE_EXCEEDED',
          'No answer within the deadline; allow more time or send fewer requests at once.',
        ),
      );
    }
  }

  async #dispatch(batch: readonly Entry<Ticket<Request, Result>>[], now: number): Promise<void> {
    const wanted = batch.filter(({ request }) => !request.settled);
    if (wanted.length === 0) return;
    try {
      for (const { request } of wanted) request.attempts += 1;
      const alone = wanted.some((entry) => entry.alone);
      const outcomes = await this.#runner.run(
        wanted.map(({ request }) => request.request),
        alone,
      );
      for (const [i, { request, enqueuedAt }] of wanted.entries()) {
        const outcome = outcomes[i];
        if (outcome?.ok) request.resolve({ result: outcome.result, queue: now - enqueuedAt });
        else request.reject(outcome?.error ?? new TwinlensError('INTERNAL', 'The batch came back without this image.'));
      }
    } catch (error) {
      const failure = asTwinlensError(error, 'ENGINE_FAILED');
      const again = wanted.filter(({ request }) => !request.settled && request.attempts < 2 && !this.#closed);
      for (const { request } of wanted) if (request.attempts >= 2 || this.#closed) request.reject(failure);
      const older = this.#queue.restore(again.map(({ request, enqueuedAt }) => entryOf(request, enqueuedAt, true)));
      for (const { request } of older) request.reject(superseded());
    }
    this.#pump();
  }
}

/** What the ticket waits by from now on. */
function entryOf<Request, Result>(
  ticket: Ticket<Request, Result>,
  enqueuedAt: number,
  alone: boolean,
): Entry<Ticket<Request, Result>> {
  const { options } = ticket;
  const { client, stream } = options;
  const entry = {
    client,
    stream,
    enqueuedAt,
    alone,
    request: ticket,
    get priority() {
      return options.priority;
    },
    get deadline() {
      return options.deadline;
    },
  };
  ticket.entry = entry;
  return entry;
}

function superseded(): TwinlensError {
  return new TwinlensError('SUPERSEDED', 'A newer image of the same stream took its place.');
}

function queueFull(): TwinlensError {
  return new TwinlensError('QUEUE_FULL', 'Too many requests are waiting; try again in a moment.', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
