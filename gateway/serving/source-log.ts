/** Tells the log what sources refuse and why they can't be asked: each reason once, and when a fault is over. */
import type { SourceStatus } from '../../core/admin.ts';
import type { ServingLog } from './log.ts';

/** Refusals that are remembered as told, over all sources. */
const MAX_TOLD = 10_000;

export class SourceLog {
  readonly #log: ServingLog;
  readonly #told = new Set<string>();
  /** Why the last check of a source failed, by its name; only of those whose last check failed. */
  readonly #faults = new Map<string, string>();

  constructor(log: ServingLog) {
    this.#log = log;
  }

  tell({ name, error, refused }: SourceStatus): void {
    this.#tellFault(name, error);
    for (const { what, reason } of refused) this.#tellRefused(name, what, reason);
  }

  #tellFault(source: string, error: string | undefined): void {
    if (this.#faults.get(source) === error) return;
    if (error === undefined) {
      this.#faults.delete(source);
      this.#log.info({ event_type: 'source_recovered', source }, 'the source can be asked again');
      return;
    }
    this.#faults.set(source, error);
    this.#log.warn({ event_type: 'source_failed', source }, error);
  }

  #tellRefused(source: string, what: string, reason: string): void {
    const key = `${source} ${what} ${reason}`;
    if (this.#told.has(key)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(key);
    this.#log.error({ event_type: 'model_refused', source, what }, reason);
  }
}
