/**
 * The live loop: takes the newest frame whenever the last one has its answer, never queues an old
 * one, and stands still while there is a reason to (hidden tab, muted camera). Knows no camera and no
 * engine; owns no frame after handing it over.
 */
import { asTwinlensError, type ErrorBody, toErrorBody } from '../../core/errors.ts';
import type { Clock } from './clock.ts';
import { type ReadableStore, Store } from './store.ts';

export interface FrameSource<Frame> {
  /** Calls back once when a frame newer than the last call is there; returns the way to stop. */
  onNext(callback: () => void): () => void;
  /** The newest frame, the caller's own; undefined when there is none after all. */
  take(): Frame | undefined | Promise<Frame | undefined>;
}

export type PauseReason = 'hidden' | 'muted';

export type LiveState =
  | { readonly state: 'stopped' }
  | { readonly state: 'running' }
  | { readonly state: 'paused'; readonly reason: PauseReason };

export interface LiveView {
  readonly live: LiveState;
  /** Answers a second over the last two seconds; 0 until known. */
  readonly fps: number;
  /** Why the last frame has no answer; cleared by the next answer. */
  readonly problem: ErrorBody | undefined;
}

export interface LiveOptions<Frame> {
  readonly source: FrameSource<Frame>;
  /** Answers one frame and closes it. */
  readonly answer: (frame: Frame, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
}

const FPS_WINDOW_MS = 2_000;
/** After a failure the next frame waits this long, so that a broken engine is not hammered. */
const RETRY_MS = 500;

export class LiveLoop<Frame> {
  readonly #options: LiveOptions<Frame>;
  readonly #view = new Store<LiveView>({ live: { state: 'stopped' }, fps: 0, problem: undefined });
  readonly #pauses = new Set<PauseReason>();
  #started = false;
  #abort = new AbortController();
  #inFlight = false;
  #fresh = false;
  #resting = false;
  #stopWaiting: (() => void) | undefined;
  #answers: number[] = [];

  constructor(options: LiveOptions<Frame>) {
    this.#options = options;
  }

  get view(): ReadableStore<LiveView> {
    return this.#view;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#abort = new AbortController();
    this.#show({ fps: 0, problem: undefined });
    this.#listen();
  }

  stop(): void {
    if (!this.#started) return;
    this.#started = false;
    this.#abort.abort();
    this.#halt();
  }

  pause(reason: PauseReason, on: boolean): void {
    if (on === this.#pauses.has(reason)) return;
    if (on) this.#pauses.add(reason);
    else this.#pauses.delete(reason);
    if (this.#running()) {
      this.#show({});
      this.#listen();
    } else this.#halt();
  }

  #running(): boolean {
    return this.#started && this.#pauses.size === 0;
  }

  #halt(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#fresh = false;
    this.#answers = [];
    this.#show({ fps: 0 });
  }

  #listen(): void {
    if (!this.#running() || this.#stopWaiting) return;
    this.#stopWaiting = this.#options.source.onNext(() => {
      this.#stopWaiting = undefined;
      this.#fresh = true;
      void this.#pump();
      this.#listen();
    });
  }

  async #pump(): Promise<void> {
    if (!this.#running() || this.#inFlight || this.#resting || !this.#fresh) return;
    this.#inFlight = true;
    this.#fresh = false;
    const { signal } = this.#abort;
    try {
      const frame = await this.#options.source.take();
      if (frame !== undefined) {
        await this.#options.answer(frame, signal);
        if (!signal.aborted && this.#running()) this.#count();
      }
    } catch (failure) {
      if (!signal.aborted && this.#running()) this.#rest(failure);
    } finally {
      this.#inFlight = false;
    }
    void this.#pump();
  }

  #rest(failure: unknown): void {
    const error = asTwinlensError(failure);
    if (error.code === 'SUPERSEDED') return;
    this.#show({ problem: toErrorBody(error), fps: 0 });
    this.#answers = [];
    this.#resting = true;
    this.#options.clock.after(RETRY_MS, () => {
      this.#resting = false;
      void this.#pump();
    });
  }

  #count(): void {
    const now = this.#options.clock.now();
    this.#answers = [...this.#answers.filter((at) => now - at < FPS_WINDOW_MS), now];
    const first = this.#answers[0] ?? now;
    const span = now - first;
    this.#show({ fps: span > 0 ? ((this.#answers.length - 1) * 1000) / span : 0, problem: undefined });
  }

  #show(change: { readonly fps?: number; readonly problem?: ErrorBody | undefined }): void {
    const reason = [...this.#pauses][0];
    const live: LiveState = !this.#started
      ? { state: 'stopped' }
      : reason
        ? { state: 'paused', reason }
        : { state: 'running' };
    this.#view.update((view) => ({ ...view, live, ...change }));
  }
}
