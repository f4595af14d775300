/**
 * Which models stand in for which, and whether they do now: a model is degraded while `stable` is turned away from or
 * it has no version that can answer, and one of its chain answers instead. Tells the log and the metrics when that
 * begins and when it is over. Hands out nothing.
 */
import type { DegradedReason } from '../../core/engine.ts';
import type { Breakers } from './breakers.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ServingLog } from './log.ts';
import type { Placement } from './placement.ts';
import type { Degradation, ServingObserver } from './servable.ts';

export interface FallbacksOptions {
  /** By the model that they stand in for. No cycles. */
  readonly fallbacks: ReadonlyMap<string, string>;
  readonly lifecycle: Lifecycle;
  readonly placement: Placement;
  readonly breakers: Breakers;
  readonly log: ServingLog;
  readonly observer: Pick<ServingObserver, 'degraded'>;
}

export class Fallbacks {
  readonly #options: FallbacksOptions;
  /** What was told last, by model. */
  readonly #told = new Map<string, Degradation>();

  constructor(options: FallbacksOptions) {
    this.#options = options;
    const { lifecycle, placement, breakers } = options;
    const refresh = () => this.#refresh();
    // After placement, which listens longer and knows then where `stable` is.
    lifecycle.subscribe(refresh);
    placement.subscribe(refresh);
    breakers.subscribe(refresh);
  }

  /** The models that stand in for `name`, the first choice first. */
  chain(name: string): readonly string[] {
    const { fallbacks } = this.#options;
    const chain: string[] = [];
    for (let next = fallbacks.get(name); next !== undefined; next = fallbacks.get(next)) chain.push(next);
    return chain;
  }

  /** Why requests for the model are not answered by its `stable`; undefined when they are. */
  reasonOf(name: string): DegradedReason | undefined {
    const { placement, breakers } = this.#options;
    const stable = placement.stable(name);
    if (stable === undefined) return 'unavailable';
    return breakers.isOpen(name, stable) ? 'breaker' : undefined;
  }

  /** Models for which another one answers. */
  get active(): readonly Degradation[] {
    return [...this.#told.values()];
  }

  #refresh(): void {
    const { fallbacks, observer, log } = this.#options;
    for (const model of fallbacks.keys()) {
      const before = this.#told.get(model);
      const now = this.#now(model);
      if (before?.reason === now?.reason && before?.by === now?.by) continue;
      observer.degraded({ model, reason: 'model', degraded: now !== undefined });
      if (now) {
        this.#told.set(model, now);
        log.warn({ event_type: 'degraded', model, reason: now.reason, by: now.by }, `${now.by} answers for ${model}`);
      } else {
        this.#told.delete(model);
        log.info({ event_type: 'recovered', model }, `${model} answers again`);
      }
    }
  }

  #now(model: string): Degradation | undefined {
    const reason = this.reasonOf(model);
    const by = this.chain(model).find((other) => this.reasonOf(other) === undefined);
    return reason !== undefined && by !== undefined ? { model, from: model, reason, by } : undefined;
  }
}
