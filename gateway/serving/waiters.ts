/**
 * Promises for states of versions. Guarantees that each settles once: as soon as a look finds its state, when its
 * signal aborts, or when all are ended. Knows no version: its owner calls `look` after every change.
 */
import { TwinlensError } from '../../core/errors.ts';

/** What a look finds: not yet, reached, or out of reach. */
export type Verdict = 'waiting' | 'reached' | TwinlensError;

interface Waiter {
  readonly judge: () => Verdict;
  readonly settle: (verdict: Exclude<Verdict, 'waiting'>) => void;
}

export class Waiters {
  /** As many as there are callers who wait: their own connections bound them. */
  readonly #waiting = new Set<Waiter>();
  #ended: TwinlensError | undefined;

  /** Rejects with CANCELLED when `signal` aborts. */
  wait(judge: () => Verdict, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle: Waiter['settle'] = (verdict) => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener('abort', cancel);
        if (verdict === 'reached') resolve();
        else reject(verdict);
      };
      const cancel = () => settle(new TwinlensError('CANCELLED', 'Nobody waits for the model any more.'));
      const waiter: Waiter = { judge, settle };
      const verdict = this.#ended ?? judge();
      if (verdict !== 'waiting') settle(verdict);
      else if (signal?.aborted) cancel();
      else {
        signal?.addEventListener('abort', cancel, { once: true });
        this.#waiting.add(waiter);
      }
    });
  }

  look(): void {
    for (const waiter of [...this.#waiting]) {
      const verdict = waiter.judge();
      if (verdict !== 'waiting') waiter.settle(verdict);
    }
  }

  /** Rejects every promise, and those asked for later, with `error`. */
  end(error: TwinlensError): void {
    this.#ended = error;
    for (const { settle } of [...this.#waiting]) settle(error);
  }
}
