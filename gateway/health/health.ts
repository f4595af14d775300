/**
 * Whether the gateway lives, has started, is ready and is well. Answers from what is in memory, worked out at most
 * once a second, so that asking often costs nothing and never waits.
 */
import { TwinlensError } from '../../core/errors.ts';
import { type Checks, check, type Facts, type HealthLimits } from './checks.ts';

export interface HealthOptions {
  readonly facts: () => Facts;
  readonly draining: () => boolean;
  readonly limits: HealthLimits;
  /** Milliseconds. */
  readonly now: () => number;
}

export type HealthStatus = 'ready' | 'loading' | 'draining' | 'failing';

export interface HealthReport {
  readonly status: HealthStatus;
  readonly checks: Checks;
}

const FRESH_MS = 1000;

export class Health {
  readonly #options: HealthOptions;
  #checks: { readonly at: number; readonly checks: Checks } | undefined;
  #started = false;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  get report(): HealthReport {
    const checks = this.#fresh();
    const { model_loaded: loaded, ...others } = checks;
    if (this.#options.draining()) return { status: 'draining', checks };
    if (Object.values(others).some(({ ok }) => !ok)) return { status: 'failing', checks };
    return { status: loaded.ok ? 'ready' : 'loading', checks };
  }

  /** Throws DRAINING or MODEL_NOT_READY. */
  checkReady(): void {
    const { draining, facts } = this.#options;
    if (draining())
      throw new TwinlensError('DRAINING', 'The gateway is shutting down; ask its successor.', {
        retryAfterMs: FRESH_MS,
      });
    if (!facts().ready) throw notReady('A model has no version that can answer yet; /health says which.');
    this.#started = true;
  }

  /** Throws MODEL_NOT_READY until every model could answer once; never again after that. */
  checkStarted(): void {
    this.#started ||= this.#options.facts().ready;
    if (!this.#started) throw notReady('The gateway is starting: its models have not passed their goldens yet.');
  }

  #fresh(): Checks {
    const { facts, limits, now } = this.#options;
    if (!this.#checks || now() - this.#checks.at >= FRESH_MS)
      this.#checks = { at: now(), checks: check(facts(), limits) };
    return this.#checks.checks;
  }
}

const notReady = (message: string) => new TwinlensError('MODEL_NOT_READY', message, { retryAfterMs: FRESH_MS });
