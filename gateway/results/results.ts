/**
 * Between the intake and a version that serves: an answer that was given before is given again, and identical requests
 * in flight share one run. The caller has chosen the version already (label, canary, sticky key) and holds it, and the
 * version is part of what makes requests the same: no answer of an older one can be taken for a newer one's.
 *
 * Frames of a stream pass by: they hardly ever repeat, hashing a raw one takes 3 ms of the thread that serves sockets,
 * and of a stream only the newest frame is to survive. Failures are not kept.
 */
import type { Classification } from '../../core/engine.ts';
import { type ErrorCode, TwinlensError } from '../../core/errors.ts';
import type { Clock } from '../scheduling/index.ts';
import type { Handle, ServableRequest, ServingObserver } from '../serving/index.ts';
import { AnswerStore } from './answer-store.ts';
import { Flight, withTimings } from './flight.ts';
import { keyOf, servableOf } from './key.ts';

/** `refresh`: runs anew, and what it gives is kept. `bypass`: runs anew, and nothing of it is kept. */
export type CacheUse = 'use' | 'refresh' | 'bypass';

/** What results measure; telemetry turns it into metrics. */
export interface ResultsObserver extends Pick<ServingObserver, 'requestFinished'> {
  /** `hit`: kept. `coalesced`: shares a run that another one began. `miss`: begins one. */
  looked(event: {
    readonly model: string;
    readonly version: number;
    readonly result: 'hit' | 'coalesced' | 'miss';
  }): void;
  /** Answers that are kept now. */
  kept(entries: number): void;
}

export interface ResultsOptions {
  /** Answers that are kept; 0: every request runs by itself. */
  readonly entries: number;
  /** Milliseconds that an answer is kept; 0: until it leaves for a newer one. */
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly observer: ResultsObserver;
}

interface Running {
  readonly servable: string;
  readonly flight: Flight;
  /** False once the version is gone. */
  keep: boolean;
}

export class Results {
  readonly #options: ResultsOptions;
  readonly #store: AnswerStore;
  /** That others may join, by key. */
  readonly #flights = new Map<string, Running>();
  readonly #running = new Set<Running>();

  constructor(options: ResultsOptions) {
    this.#options = options;
    this.#store = new AnswerStore(options);
  }

  /** Runs whose answers are waited for. */
  get running(): number {
    return this.#running.size;
  }

  /** As `handle.classify`; the caller keeps the handle until it has the answer. */
  async classify(handle: Handle, request: ServableRequest, use: CacheUse = 'use'): Promise<Classification> {
    const { entries, clock } = this.#options;
    if (entries === 0 || use === 'bypass' || request.stream !== undefined) return handle.classify(request);
    const since = clock.now();
    const key = await keyOf(handle, request);
    if (request.signal?.aborted) {
      throw this.#ended(handle, new TwinlensError('CANCELLED', 'The request was cancelled.'));
    }
    if (use === 'use') {
      const kept = this.#store.get(key, clock.now());
      if (kept) return this.#hit(handle, kept, clock.now() - since);
      const other = this.#flights.get(key);
      if (other) {
        this.#looked(handle, 'coalesced');
        return other.flight.join(handle, request, since);
      }
    }
    this.#looked(handle, 'miss');
    const { flight } = this.#begin(key, handle, use === 'use');
    return flight.join(handle, request, since);
  }

  /** The version serves no more: what it answered, and still answers, is not given to later requests. */
  forget(model: string, version: number): void {
    const servable = servableOf(model, version);
    for (const running of this.#running) if (running.servable === servable) running.keep = false;
    for (const [key, running] of this.#flights) if (!running.keep) this.#flights.delete(key);
    this.#store.forget(servable);
    this.#options.observer.kept(this.#store.size);
  }

  #begin(key: string, { name: model, version }: Handle, shared: boolean): Running {
    const { clock, observer } = this.#options;
    const servable = servableOf(model, version);
    const running: Running = {
      servable,
      keep: true,
      flight: new Flight({
        clock,
        onAnswer: (answer) => {
          if (!running.keep) return;
          this.#store.set(key, servable, answer, clock.now());
          observer.kept(this.#store.size);
        },
        onEnd: () => {
          this.#running.delete(running);
          if (this.#flights.get(key) === running) this.#flights.delete(key);
        },
        onAlsoEnded: (code, classification) => this.#finished(model, version, code, classification),
      }),
    };
    this.#running.add(running);
    if (shared) this.#flights.set(key, running);
    return running;
  }

  #hit(handle: Handle, kept: Classification, total: number): Classification {
    this.#looked(handle, 'hit');
    const answer = withTimings(kept, true, { queue: 0, decode: 0, prepare: 0, infer: 0, total });
    this.#finished(handle.name, handle.version, 'OK', answer);
    return answer;
  }

  #looked({ name: model, version }: Handle, result: 'hit' | 'coalesced' | 'miss'): void {
    this.#options.observer.looked({ model, version, result });
  }

  #ended(handle: Handle, error: TwinlensError): TwinlensError {
    this.#finished(handle.name, handle.version, error.code, undefined);
    return error;
  }

  #finished(model: string, version: number, code: 'OK' | ErrorCode, classification: Classification | undefined): void {
    const { observer } = this.#options;
    observer.requestFinished({ model, version, code, ...(classification ? { classification } : {}) });
  }
}
