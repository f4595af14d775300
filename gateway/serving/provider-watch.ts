/**
 * Which models run on another execution provider than the operator wants, told to the metrics when that begins and when
 * it is over. The log has it already: an instance says why it passed a provider over. Knows no instance.
 */
import type { GatewayProvider, Provider } from '../../core/engine.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ServingLog } from './log.ts';
import type { Degradation, ServingObserver } from './servable.ts';

export interface ProviderWatchOptions {
  readonly lifecycle: Lifecycle;
  /** Undefined: each is as good. */
  readonly wanted: GatewayProvider | undefined;
  readonly log: ServingLog;
  readonly observer: Pick<ServingObserver, 'degraded'>;
}

export class ProviderWatch {
  readonly #options: ProviderWatchOptions;
  /** Models that were told to be degraded. */
  readonly #told = new Set<string>();

  constructor(options: ProviderWatchOptions) {
    this.#options = options;
    if (options.wanted !== undefined) options.lifecycle.subscribe(({ name }) => this.#look(name));
  }

  /** As it is now: an instance that takes a dead one's place may have found another provider. */
  get active(): readonly Degradation[] {
    const { wanted: from, lifecycle } = this.#options;
    if (from === undefined) return [];
    return lifecycle.names.flatMap((model): Degradation[] => {
      const by = this.#other(model);
      return by === undefined ? [] : [{ model, from, by, reason: 'provider' }];
    });
  }

  #look(model: string): void {
    const { observer, log, wanted } = this.#options;
    const degraded = this.#other(model) !== undefined;
    if (degraded === this.#told.has(model)) return;
    observer.degraded({ model, reason: 'provider', degraded });
    if (degraded) this.#told.add(model);
    else {
      this.#told.delete(model);
      log.info({ event_type: 'recovered', model, provider: wanted }, `no version of ${model} runs on a makeshift`);
    }
  }

  /** What one of the model's versions runs on instead. */
  #other(model: string): Provider | undefined {
    const { lifecycle, wanted } = this.#options;
    return lifecycle.statuses(model).find(({ provider }) => provider !== undefined && provider !== wanted)?.provider;
  }
}
