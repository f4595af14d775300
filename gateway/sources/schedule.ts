/**
 * When a source checks: at once when it starts or is asked to, then after each interval with jitter, and sooner
 * after a check that failed. Guarantees one check at a time. Knows nothing of what is checked.
 */
import type { Clock } from '../scheduling/index.ts';

export interface ScheduleOptions {
  /** Milliseconds from the end of a check to the next; 0: only on demand. */
  readonly intervalMs: number;
  /** Share of the interval by which it may be shorter or longer, so that many gateways don't ask at the same time. */
  readonly jitter: number;
  /** Milliseconds after the first failed check in a row, doubled after each further one, at most the interval. */
  readonly retryMs: number;
  /**
   * What a demand does while a check runs: `join` waits for that one; `again` has it followed by another, for what
   * may have changed behind the running one's back.
   */
  readonly whileRunning: 'join' | 'again';
  readonly clock: Clock;
  /** Milliseconds since 1970, for what people read. */
  readonly now: () => number;
  /** 0 up to 1. */
  readonly random: () => number;
  /** Resolves with whether it could be done; never rejects. */
  check(signal: AbortSignal): Promise<boolean>;
  /** `checking`, `lastCheckAt` or `nextCheckAt` changed. */
  onChange(): void;
  /** A check ended that was not given up by `close`. */
  readonly onChecked?: ((succeeded: boolean) => void) | undefined;
}

/** Longest single timer, milliseconds: platforms fire those beyond 2^31 at once. It is set anew when it ends. */
const LONGEST_TIMER_MS = 24 * 3_600_000;

export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #failures = 0;
  #stopTimer: (() => void) | undefined;
  #lastCheckAt: number | undefined;
  #nextCheckAt: number | undefined;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  get checking(): boolean {
    return this.#running !== undefined;
  }

  get lastCheckAt(): number | undefined {
    return this.#lastCheckAt;
  }

  get nextCheckAt(): number | undefined {
    return this.#nextCheckAt;
  }

  /** Checks at once, or joins as `whileRunning` says; later checks follow by themselves. */
  check(): Promise<void> {
    if (this.#stopped.signal.aborted) return Promise.resolve();
    if (!this.#running) return this.#run();
    if (this.#options.whileRunning === 'join') return this.#running;
    // However many ask while one runs, one more is enough for all of them.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.check();
    });
    return this.#next;
  }

  /** Aborts a running check and waits for its end. */
  async close(): Promise<void> {
    this.#stopped.abort();
    this.#stopTimer?.();
    this.#nextCheckAt = undefined;
    await this.#running;
  }

  #run(): Promise<void> {
    this.#stopTimer?.();
    this.#nextCheckAt = undefined;
    const { check, onChange, now } = this.#options;
    const run = check(this.#stopped.signal).then((done) => {
      this.#running = undefined;
      this.#lastCheckAt = now();
      this.#failures = done ? 0 : this.#failures + 1;
      if (!this.#stopped.signal.aborted) this.#options.onChecked?.(done);
      this.#plan();
      onChange();
    });
    this.#running = run;
    onChange();
    return run;
  }

  #plan(): void {
    const { intervalMs, jitter, retryMs, random, now } = this.#options;
    if (intervalMs === 0 || this.#stopped.signal.aborted) return;
    const steady = this.#failures === 0 ? intervalMs : Math.min(intervalMs, retryMs * 2 ** (this.#failures - 1));
    const wait = Math.round(steady * (1 + jitter * (2 * random() - 1)));
    this.#nextCheckAt = now() + wait;
    this.#sleep(wait);
  }

  #sleep(left: number): void {
    const step = Math.min(left, LONGEST_TIMER_MS);
    this.#stopTimer = this.#options.clock.after(step, () => {
      if (left > step) this.#sleep(left - step);
      else void this.check();
    });
  }
}
