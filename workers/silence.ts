/**
 * Notices that a worker has fallen silent. Counts ticks instead of reading a clock: a laptop that slept
 * for an hour is no hung worker, and a hidden tab's slow timers only make it patient.
 */

export interface SilenceOptions {
  /** Milliseconds between looks. */
  readonly tickMs: number;
  setInterval(callback: () => void, ms: number): () => void;
  /** Milliseconds of silence that are too long just now. */
  limit(): number;
  onSilent(ms: number): void;
}

export class Silence {
  readonly #options: SilenceOptions;
  #stop: (() => void) | undefined;
  #silentMs = 0;

  constructor(options: SilenceOptions) {
    this.#options = options;
  }

  /** Starts the watch; nothing when it runs already. */
  watch(): void {
    if (this.#stop) return;
    const { tickMs, limit, onSilent } = this.#options;
    this.#silentMs = 0;
    this.#stop = this.#options.setInterval(() => {
      this.#silentMs += tickMs;
      if (this.#silentMs >= limit()) onSilent(this.#silentMs);
    }, tickMs);
  }

  heard(): void {
    this.#silentMs = 0;
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
