/**
 * Who runs next: waiting tasks of one engine, one running at a time. Higher priority first, then first
 * come first served; of one stream only the newest waits. Bounded. Knows nothing of models.
 */
import { type CancelSignal, PRIORITIES, type Priority } from '../core/engine.ts';
import { TwinlensError } from '../core/errors.ts';

/** Tasks that may wait at once. */
export const MAX_WAITING = 64;
/** setTimeout takes no more; a deadline that far away is none. */
const MAX_TIMER_MS = 2_147_483_647;

export interface TurnOptions {
  readonly priority?: Priority | undefined;
  readonly stream?: string | undefined;
  readonly signal?: CancelSignal | undefined;
  /** Milliseconds from now. */
  readonly deadlineMs?: number | undefined;
}

interface Waiting {
  readonly rank: number;
  readonly stream: string | undefined;
  start(): Promise<void>;
  fail(error: TwinlensError): void;
}

export class Turns {
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  /**
   * Resolves with what `task` gives. Rejects with CANCELLED, DEADLINE_EXCEEDED, SUPERSEDED or QUEUE_FULL
   * as soon as that is known, also while the task runs; `skip` is called if the task never started.
   */
  take<T>(options: TurnOptions, task: () => Promise<T>, skip: () => void = () => undefined): Promise<T> {
    const { signal, deadlineMs, stream, priority = 'normal' } = options;
    return new Promise<T>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      let over = false;
      let started = false;
      const onAbort = () => waiting.fail(new TwinlensError('CANCELLED', 'The caller no longer wants the answer.'));
      const finish = () => {
        over = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiting: Waiting = {
        rank: PRIORITIES.indexOf(priority),
        stream,
        start: async () => {
          started = true;
          try {
            const value = await task();
            if (!over) resolve(value);
          } catch (error) {
            if (!over) reject(error);
          } finally {
            finish();
          }
        },
        fail: (error) => {
          if (over) return;
          const at = this.#waiting.indexOf(waiting);
          if (at >= 0) this.#waiting.splice(at, 1);
          finish();
          if (!started) skip();
          reject(error);
        },
      };
      if (signal?.aborted) return onAbort();
      if (deadlineMs !== undefined) {
        const late = () =>
          waiting.fail(new TwinlensError('DEADLINE_EXCEEDED', 'The answer did not come within the deadline.'));
        if (deadlineMs <= 0) return late();
        timer = setTimeout(late, Math.min(deadlineMs, MAX_TIMER_MS));
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      if (stream !== undefined) {
        const older = this.#waiting.find((other) => other.stream === stream);
        older?.fail(new TwinlensError('SUPERSEDED', 'A newer picture of the same stream took its place.'));
      }
      if (this.#waiting.length >= MAX_WAITING) {
        return waiting.fail(
          new TwinlensError('QUEUE_FULL', `${MAX_WAITING} pictures are waiting already; wait for an answer.`),
        );
      }
      const before = this.#waiting.findIndex((other) => other.rank > waiting.rank);
      this.#waiting.splice(before < 0 ? this.#waiting.length : before, 0, waiting);
      this.#running ??= this.#drain();
    });
  }

  /** Rejects all that wait, then resolves once the one that runs has ended. */
  async clear(error: TwinlensError): Promise<void> {
    for (const waiting of [...this.#waiting]) waiting.fail(error);
    await this.#running;
  }

  /** Runs `work` when no task runs, ahead of those that wait. */
  async between(work: () => Promise<void>): Promise<void> {
    if (!this.#running) return work();
    return new Promise<void>((resolve, reject) => {
      this.#waiting.unshift({
        rank: -1,
        stream: undefined,
        start: () => work().then(resolve, reject),
        fail: reject,
      });
    });
  }

  async #drain(): Promise<void> {
    // So that calls of the same moment are ordered by priority before the first one starts.
    await Promise.resolve();
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) await next.start();
    this.#running = undefined;
  }
}
