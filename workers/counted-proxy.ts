/**
 * A worker's proxy with a count of its calls, so that it can be let go once the last one is answered. Knows
 * neither what the calls are nor what comes after it.
 */
import { TwinlensError } from '../core/errors.ts';
import type { WorkerProxy } from './proxy.ts';
import type { Platform } from './worker-host.ts';

/** Milliseconds that a worker which no longer serves has for the calls it was given. */
const RETIRE_MS = 30_000;

export class CountedProxy {
  readonly proxy: WorkerProxy;
  #underWay = 0;
  #onIdle: (() => void) | undefined;
  #cutOff: TwinlensError | undefined;

  constructor(proxy: WorkerProxy) {
    this.proxy = proxy;
  }

  async call<T>(make: (proxy: WorkerProxy) => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await make(this.proxy);
    } catch (error) {
      throw this.#cutOff ?? error;
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#onIdle?.();
    }
  }

  /** Closes the worker as soon as nothing is under way on it, or when the wait for that is over. */
  retire(startTimer: Platform['setTimeout'], closed: () => void): void {
    const close = () => {
      stopTimer?.();
      this.#onIdle = undefined;
      this.proxy.close();
      closed();
    };
    let stopTimer: (() => void) | undefined;
    if (this.#underWay === 0) {
      close();
      return;
    }
    this.#onIdle = close;
    stopTimer = startTimer(() => {
      this.#cutOff = new TwinlensError(
        'ENGINE_FAILED',
        `The version that was asked did not answer within ${RETIRE_MS / 1000} s of being replaced. Ask again.`,
      );
      close();
    }, RETIRE_MS);
  }

  close(): void {
    this.#onIdle = undefined;
    this.proxy.close();
  }
}
