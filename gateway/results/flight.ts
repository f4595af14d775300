/**
 * One run and all requests that wait for its answer. The run has the name of the one that came first, the best
 * priority and the latest deadline of all, and goes on while anybody waits. Each one leaves at its own deadline or
 * when it is cancelled.
 *
 * Guarantees that each settles exactly once. A failure that says something of the picture or the version is
 * everybody's: trying again could end another instance. One that says something of a single request (its deadline, a
 * full queue for its client) is that request's alone, and the next in line asks anew in its own name.
 *
 * Relies on a handle to settle every request by its deadline. Knows neither keys nor what is kept.
 */
import { Cancellation } from '../../core/cancellation.ts';
import { type Classification, PRIORITIES, type Priority, type Timings } from '../../core/engine.ts';
import { asTwinlensError, type ErrorCode, TwinlensError } from '../../core/errors.ts';
import type { Clock } from '../scheduling/index.ts';
import type { Handle, ServableRequest } from '../serving/index.ts';

export interface FlightOptions {
  readonly clock: Clock;
  /** The run gave an answer. Called before anybody hears of it. */
  readonly onAnswer: (answer: Classification) => void;
  /** Nobody may join any more. */
  readonly onEnd: () => void;
  /**
   * A request ended beside the run. Of every run the version itself counts one request, so that in sum each is
   * counted once.
   */
  readonly onAlsoEnded: (code: 'OK' | ErrorCode, classification?: Classification) => void;
}

interface Waiter {
  readonly handle: Handle;
  readonly request: ServableRequest;
  /** When it came. */
  readonly since: number;
  readonly resolve: (answer: Classification) => void;
  readonly reject: (error: TwinlensError) => void;
  /** Lets go of its timer and its signal. */
  readonly stop: () => void;
}

/** Whether a failure is that of one request, and not of the picture or the version. */
function isPersonal(code: ErrorCode): boolean {
  return (
    code === 'QUEUE_FULL' ||
    code === 'DEADLINE_EXCEEDED' ||
    code === 'CANCELLED' ||
    code === 'SUPERSEDED' ||
    code === 'RATE_LIMITED'
  );
}

const rank = (priority: Priority): number => PRIORITIES.indexOf(priority);

export function withTimings(answer: Classification, cached: boolean, timings: Timings): Classification {
  return { ...answer, cached, timings };
}

export class Flight {
  readonly #options: FlightOptions;
  /** In order of arrival. */
  readonly #waiting = new Set<Waiter>();
  readonly #nobodyWaits = new Cancellation();
  #deadline = Number.NEGATIVE_INFINITY;
  #priority: Priority = 'low';
  #risen: () => void = () => undefined;
  /** Late ones that had the latest deadline: their end was left to the queue. */
  #late: Waiter[] = [];
  #started = false;
  /** The one that runs, until the run ends or nobody waits for it. */
  #running: Waiter | undefined;
  /** Requests that the version counted and that have not ended yet. */
  #counted = 0;
  /** How the one ended that left its own run to others: known only with the run is whether the version counts it. */
  #leftRun: ErrorCode | undefined;

  constructor(options: FlightOptions) {
    this.#options = options;
  }

  /** Waits for the answer; the first one starts the run. Not to be called after `onEnd`. */
  join(handle: Handle, request: ServableRequest, since: number): Promise<Classification> {
    return new Promise((resolve, reject) => {
      const { clock } = this.#options;
      const { signal, deadline } = request;
      const cancel = () => this.#leave(waiter, new TwinlensError('CANCELLED', 'The request was cancelled.'));
      const stopTimer = clock.after(deadline - clock.now(), () => this.#isLate(waiter));
      const stop = () => {
        stopTimer();
        signal?.removeEventListener('abort', cancel);
      };
      const waiter: Waiter = { handle, request, since, resolve, reject, stop };
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', cancel, { once: true });
      if (signal?.aborted) cancel();
      else this.#joined(request);
    });
  }

  #joined({ deadline, priority }: ServableRequest): void {
    if (rank(priority) < rank(this.#priority)) {
      this.#priority = priority;
      this.#risen();
    }
    if (deadline > this.#deadline) {
      this.#deadline = deadline;
      // The queue now allows more time than they have.
      for (const waiter of this.#late.splice(0)) this.#leave(waiter, late());
    }
    if (this.#started || this.#waiting.size === 0) return;
    this.#started = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    for (let [leader] = this.#waiting; leader; [leader] = this.#waiting) {
      this.#running = leader;
      try {
        const answer = await leader.handle.classify(this.#shared(leader.request));
        this.#ran();
        if (this.#waiting.size > 0) this.#answered(answer, leader);
        return;
      } catch (error) {
        this.#ran();
        this.#failed(asTwinlensError(error), leader);
      } finally {
        this.#countLeader();
      }
    }
  }

  #ran(): void {
    if (this.#running) this.#counted += 1;
    this.#running = undefined;
  }

  /** The run has ended for all that it concerned. If none of them was what the version counted, its leader was. */
  #countLeader(): void {
    if (this.#leftRun !== undefined) this.#count(this.#leftRun);
    this.#leftRun = undefined;
  }

  /** The leader's request, on behalf of all. */
  #shared({ image, top, client, requestId }: ServableRequest): ServableRequest {
    const deadline = () => this.#deadline;
    const priority = () => this.#priority;
    return {
      image,
      top,
      client,
      ...(requestId === undefined ? {} : { requestId }),
      signal: this.#nobodyWaits,
      get deadline() {
        return deadline();
      },
      get priority() {
        return priority();
      },
      onRise: (listener) => {
        this.#risen = listener;
      },
    };
  }

  #answered(answer: Classification, leader: Waiter): void {
    const { clock, onAnswer } = this.#options;
    onAnswer(answer);
    const now = clock.now();
    const own = this.#waiting.has(leader) ? leader : undefined;
    for (const waiter of this.#leaderFirst(leader)) {
      const total = now - waiter.since;
      const timings =
        waiter === own ? { ...answer.timings, total } : { queue: total, decode: 0, prepare: 0, infer: 0, total };
      const classification = withTimings(answer, waiter !== own, timings);
      this.#remove(waiter, 'OK', classification);
      waiter.resolve(classification);
    }
  }

  #failed(error: TwinlensError, leader: Waiter): void {
    for (const waiter of this.#concerned(error.code, leader)) {
      this.#remove(waiter, error.code);
      waiter.reject(error);
    }
  }

  #concerned(code: ErrorCode, leader: Waiter): readonly Waiter[] {
    const waiting = this.#leaderFirst(leader);
    if (!isPersonal(code)) return waiting;
    const now = this.#options.clock.now();
    const alsoLate = (waiter: Waiter) => code === 'DEADLINE_EXCEEDED' && waiter.request.deadline <= now;
    // A leader that left took its failure along.
    return waiting.filter((waiter) => waiter === leader || alsoLate(waiter));
  }

  /** So that what the version counted is the leader's. */
  #leaderFirst(leader: Waiter): readonly Waiter[] {
    const others = [...this.#waiting].filter((waiter) => waiter !== leader);
    return this.#waiting.has(leader) ? [leader, ...others] : others;
  }

  /** Its deadline is there. With the latest one the queue ends the run, and says so to all. */
  #isLate(waiter: Waiter): void {
    if (waiter.request.deadline < this.#deadline) this.#leave(waiter, late());
    else this.#late.push(waiter);
  }

  #leave(waiter: Waiter, error: TwinlensError): void {
    if (!this.#waiting.has(waiter)) return;
    // The version counts the run that ends with its last request.
    if (this.#waiting.size === 1) this.#ran();
    this.#remove(waiter, error.code);
    waiter.reject(error);
    if (this.#waiting.size === 0) this.#nobodyWaits.abort();
  }

  #remove(waiter: Waiter, code: 'OK' | ErrorCode, classification?: Classification): void {
    waiter.stop();
    this.#waiting.delete(waiter);
    if (waiter === this.#running && code !== 'OK') this.#leftRun = code;
    else this.#count(code, classification);
    if (this.#waiting.size === 0) this.#options.onEnd();
  }

  #count(code: 'OK' | ErrorCode, classification?: Classification): void {
    if (this.#counted > 0) this.#counted -= 1;
    else this.#options.onAlsoEnded(code, classification);
  }
}

function late(): TwinlensError {
  return new TwinlensError(
    'DEADLINE_EXCEEDED',
    'No answer within the deadline; allow more time or send fewer requests at once.',
  );
}
