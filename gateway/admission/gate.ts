/**
 * The gate: counts the requests that are inside and the bytes of pictures that they hold, and closes for a
 * drain. Guarantees that a request that was let in is counted until it is answered. Knows no transport.
 */
import { Cancellation } from '../../core/cancellation.ts';
import type { CancelSignal } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';

/** One request inside the gate. */
export interface Ticket {
  /** Aborted by `cancel`. */
  readonly signal: CancelSignal;
  /** What `cancel` gave. */
  readonly reason: TwinlensError | undefined;
  /** Counts `bytes` more for this request. Throws QUEUE_FULL when all requests together would hold too many. */
  hold(bytes: number): void;
  /** The answer is not wanted any more; the request ends with `reason`. Only the first call counts. */
  cancel(reason: TwinlensError): void;
  /** The request was answered. Later calls do nothing. */
  end(): void;
}

export interface GateOptions {
  /** Bytes that all requests together may hold. */
  readonly maxHeldBytes: number;
  /** Why nothing is let in for now; undefined: it is. */
  readonly overload?: () => string | undefined;
}

/** Milliseconds after which a refused request is worth another try. */
export const FULL_RETRY_AFTER_MS = 250;
/** Milliseconds after which the successor of a draining gateway may be there. */
export const DRAIN_RETRY_AFTER_MS = 1000;

/** Milliseconds after which memory may be free again. */
const OVERLOAD_RETRY_AFTER_MS = 1000;

const draining = () =>
  new TwinlensError('DRAINING', 'The gateway is shutting down; send the request again in a moment.', {
    retryAfterMs: DRAIN_RETRY_AFTER_MS,
  });

export class Gate {
  readonly #options: GateOptions;
  readonly #tickets = new Set<Ticket>();
  readonly #waiting: (() => void)[] = [];
  #held = 0;
  #draining = false;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Requests inside. */
  get inside(): number {
    return this.#tickets.size;
  }

  get heldBytes(): number {
    return this.#held;
  }

  /** Throws DRAINING when nothing is let in any more. */
  check(): void {
    if (this.#draining) throw draining();
  }

  /** Lets one request in. Throws DRAINING, or QUEUE_FULL while there is an overload. */
  enter(): Ticket {
    this.check();
    const overload = this.#options.overload?.();
    if (overload !== undefined) {
      throw new TwinlensError('QUEUE_FULL', overload, { retryAfterMs: OVERLOAD_RETRY_AFTER_MS });
    }
    const signal = new Cancellation();
    let held = 0;
    let reason: TwinlensError | undefined;
    const ticket: Ticket = {
      signal,
      get reason() {
        return reason;
      },
      hold: (bytes) => {
        const { maxHeldBytes } = this.#options;
        if (this.#held + bytes > maxHeldBytes) {
          throw new TwinlensError(
            'QUEUE_FULL',
            `The requests in flight hold ${this.#held} bytes of pictures, and ${maxHeldBytes} is the limit; try again later.`,
            { retryAfterMs: FULL_RETRY_AFTER_MS },
          );
        }
        held += bytes;
        this.#held += bytes;
      },
      cancel: (error) => {
        reason ??= error;
        signal.abort();
      },
      end: () => {
        if (!this.#tickets.delete(ticket)) return;
        this.#held -= held;
        held = 0;
        if (this.#tickets.size === 0) this.#wake();
      },
    };
    this.#tickets.add(ticket);
    return ticket;
  }

  /** Lets nothing in from now on; resolves when the last request inside was answered. */
  drain(): Promise<void> {
    this.#draining = true;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#tickets.size === 0) this.#wake();
    });
  }

  /** There is no more time: every request inside ends with DRAINING. */
  cancelAll(): void {
    for (const ticket of this.#tickets) ticket.cancel(draining());
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
