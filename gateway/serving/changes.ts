/**
 * What every operation on a model needs: to find a version, to bring one to `available` before anything is said of it,
 * and to wait for one to be gone. Waits have a deadline; what was only wanted for a change that failed is let go.
 */
import { TwinlensError } from '../../core/errors.ts';
import type { Clock } from '../scheduling/index.ts';
import { Exclusive } from './exclusive.ts';
import type { Journal } from './journal.ts';
import type { Lifecycle, VersionStatus } from './lifecycle.ts';
import type { Placement, Plan } from './placement.ts';

/** Milliseconds that a change waits for a version to be loaded, or to be gone. */
const WAIT_MS = 180_000;

export interface ChangesOptions {
  readonly lifecycle: Lifecycle;
  readonly placement: Placement;
  readonly journal: Journal;
  readonly clock: Clock;
}

export class Changes {
  readonly lifecycle: Lifecycle;
  readonly placement: Placement;
  readonly journal: Journal;
  readonly #clock: Clock;
  readonly #exclusive = new Exclusive();

  constructor({ lifecycle, placement, journal, clock }: ChangesOptions) {
    this.lifecycle = lifecycle;
    this.placement = placement;
    this.journal = journal;
    this.#clock = clock;
  }

  /** One change of a known model at a time. Rejects with MODEL_NOT_FOUND or CONFLICT. */
  async change(name: string, what: string, work: () => Promise<void>): Promise<void> {
    if (this.lifecycle.statuses(name).length === 0) {
      throw new TwinlensError('MODEL_NOT_FOUND', `There is no model ${name}; GET /v1/models lists them.`);
    }
    await this.#exclusive.run(name, what, work);
  }

  /** Throws MODEL_NOT_FOUND. */
  status(name: string, version: number): VersionStatus {
    const status = this.lifecycle.statuses(name).find((one) => one.version === version);
    if (status) return status;
    throw new TwinlensError('MODEL_NOT_FOUND', `${name} has no version ${version}; GET /v1/models/${name} lists them.`);
  }

  /** Throws CONFLICT: there is no version that a label could be kept at. */
  stable(name: string): number {
    const stable = this.placement.stable(name);
    if (stable !== undefined) return stable;
    throw new TwinlensError('CONFLICT', `No version of ${name} can answer yet; wait until one is available.`);
  }

  /**
   * Brings the version to `available`, then does `then` while it is held there. Rejects with the version's own
   * error when it can't be loaded, and with DEADLINE_EXCEEDED; then `then` was not done.
   * @param plan what `then` will change: versions that it leaves may have to make room first
   */
  async withVersion(name: string, version: number, then: () => Promise<void>, plan?: Plan): Promise<void> {
    const { state } = this.status(name, version);
    const release = this.placement.awaitVersion(name, version, plan);
    try {
      if (state === 'failed') this.lifecycle.retry(name, version);
      if (!this.lifecycle.available(name).includes(version)) {
        await this.#within(`${name}@${version} to be loaded`, (signal) =>
          this.lifecycle.whenAvailable(name, version, signal),
        );
      }
      await then();
    } finally {
      release();
    }
  }

  /** Resolves when the version has no instances any more. */
  gone(name: string, version: number): Promise<void> {
    return this.#within(`${name}@${version} to be unloaded`, (signal) =>
      this.lifecycle.whenGone(name, version, signal),
    );
  }

  async #within(what: string, wait: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const controller = new AbortController();
    const stop = this.#clock.after(WAIT_MS, () => controller.abort());
    try {
      await wait(controller.signal);
    } catch (cause) {
      if (!controller.signal.aborted) throw cause;
      throw new TwinlensError(
        'DEADLINE_EXCEEDED',
        `${WAIT_MS / 1000} s were not enough for ${what}; look again later.`,
        {
          cause,
        },
      );
    } finally {
      stop();
    }
  }
}
