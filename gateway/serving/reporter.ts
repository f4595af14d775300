/** Tells the journal and the metrics what happens to versions. A reason for which one fails is told once, not each time. */
import { GATEWAY, type Journal } from './journal.ts';
import type { Lifecycle, LifecycleEvent } from './lifecycle.ts';
import type { ServingObserver } from './servable.ts';
import { shownState } from './shown-state.ts';
import type { TrafficBook } from './traffic-book.ts';

export interface ReporterOptions {
  readonly lifecycle: Lifecycle;
  readonly journal: Journal;
  readonly observer: Pick<ServingObserver, 'versionState' | 'loadEnded'>;
  readonly traffic: TrafficBook;
}

/** Begins to tell. */
export function report(options: ReporterOptions): void {
  const reporter = new Reporter(options);
  options.lifecycle.subscribe((event) => reporter.tell(event));
}

class Reporter {
  readonly #options: ReporterOptions;
  /** The states that were told last, by model and version. */
  readonly #states = new Map<string, Map<number, string>>();
  /** Why versions failed last. */
  readonly #reasons = new Map<string, string>();

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  tell(event: LifecycleEvent): void {
    this.#report(event);
    this.#tellStates(event.name);
  }

  #report(event: LifecycleEvent): void {
    switch (event.kind) {
      case 'available':
        this.#available(event.name, event.version);
        return;
      case 'failed':
        this.#failed(event.name, event.version, event.error.message);
        return;
      case 'retired':
        this.#options.traffic.forget(event.name, event.version);
        this.#note('retired', event.name, event.version, `Version ${event.version} was unloaded.`);
        return;
      case 'changed':
        return;
      default:
        event satisfies never;
    }
  }

  #available(name: string, version: number): void {
    const { lifecycle, observer } = this.#options;
    const status = lifecycle.statuses(name).find((one) => one.version === version);
    this.#reasons.delete(`${name}@${version}`);
    observer.loadEnded({ model: name, version, result: 'loaded', loadMs: status?.loadMs });
    this.#note('available', name, version, `Version ${version} is available.`);
  }

  #failed(name: string, version: number, reason: string): void {
    const key = `${name}@${version}`;
    this.#options.observer.loadEnded({ model: name, version, result: 'failed', loadMs: undefined });
    if (this.#reasons.get(key) === reason) return;
    this.#reasons.set(key, reason);
    this.#note('failed', name, version, `Version ${version} can't be served: ${reason}`);
  }

  #note(action: string, model: string, version: number, detail: string): void {
    void this.#options.journal.record({ actor: GATEWAY, action, model, version, detail });
  }

  #tellStates(name: string): void {
    const { lifecycle, observer } = this.#options;
    const before = this.#states.get(name);
    const after = new Map(lifecycle.statuses(name).map((status) => [status.version, shownState(status)] as const));
    for (const [version, state] of after)
      if (before?.get(version) !== state) observer.versionState({ model: name, version, state });
    for (const version of before?.keys() ?? []) {
      if (after.has(version)) continue;
      observer.versionState({ model: name, version, state: undefined });
      this.#reasons.delete(`${name}@${version}`);
    }
    if (after.size === 0) this.#states.delete(name);
    else this.#states.set(name, after);
  }
}
