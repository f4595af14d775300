/**
 * The circuit breaker of one version: after some failures of its engine in a row it is open, and nothing is sent to
 * the version for a while; then one request is let through as a probe (half open), whose end closes or opens it again.
 * Pure: owns no timer, the time is asked for. Guarantees one probe at a time.
 */

/** What the end of a request says of the engine: `neither` is a mistake of its client, a full queue, a deadline. */
export type Ending = 'answered' | 'fault' | 'neither';

export interface BreakerOptions {
  /** Failures in a row that open it; 0: never. */
  readonly failures: number;
  /** Milliseconds from opening to the probe. */
  readonly openMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** A request that was let through. */
export interface Admission {
  /** How it ended, or that it was not sent at all (`neither`). Only the first call counts. */
  ended(ending: Ending): void;
}

type State =
  | { readonly kind: 'closed'; failures: number }
  | { readonly kind: 'open'; readonly until: number }
  | { readonly kind: 'half-open' };

export class Breaker {
  readonly #options: BreakerOptions;
  #state: State = { kind: 'closed', failures: 0 };

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): State['kind'] {
    return this.#state.kind;
  }

  /** Milliseconds until the probe; 0 when one may be sent, or runs. */
  get waitMs(): number {
    return this.#state.kind === 'open' ? Math.max(0, this.#state.until - this.#options.now()) : 0;
  }

  /** Undefined: nothing is to be sent now. */
  admit(): Admission | undefined {
    switch (this.#state.kind) {
      case 'closed':
        return this.#admission(this.#state);
      case 'open':
        if (this.waitMs > 0) return undefined;
        this.#state = { kind: 'half-open' };
        return this.#admission(this.#state);
      case 'half-open':
        return undefined;
      default:
        return this.#state satisfies never;
    }
  }

  /** What began in an earlier state says nothing of this one. */
  #admission(state: State): Admission {
    let open = true;
    return {
      ended: (ending) => {
        if (open && this.#state === state) this.#ended(state, ending);
        open = false;
      },
    };
  }

  #ended(state: State, ending: Ending): void {
    const { failures, openMs, now } = this.#options;
    switch (ending) {
      case 'answered':
        if (state.kind === 'closed') state.failures = 0;
        else this.#state = { kind: 'closed', failures: 0 };
        return;
      case 'fault':
        if (state.kind === 'closed') {
          state.failures += 1;
          if (failures === 0 || state.failures < failures) return;
        }
        this.#state = { kind: 'open', until: now() + openMs };
        return;
      case 'neither':
        // A probe that came to nothing: the next request is one.
        if (state.kind === 'half-open') this.#state = { kind: 'open', until: now() };
        return;
      default:
        ending satisfies never;
    }
  }
}
