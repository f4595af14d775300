/**
 * How often each client may ask. Bounded: beyond `maxClients` the one that asked longest ago is forgotten, and its
 * bucket is full when it comes back. Knows clients by their key only.
 */
import { TwinlensError } from '../../core/errors.ts';
import { type Bucket, fullBucket, type Rate, takeToken } from './bucket.ts';

export interface RateLimitOptions {
  readonly rate: Rate;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly maxClients: number;
}

export class RateLimit {
  readonly #options: RateLimitOptions;
  /** In the order in which they last asked. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Counts one request of this client. Throws RATE_LIMITED when it asks too much. */
  take(key: string): void {
    const { rate, now, maxClients } = this.#options;
    const at = now();
    const { bucket, waitMs } = takeToken(this.#buckets.get(key) ?? fullBucket(rate, at), rate, at);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= maxClients) break;
      this.#buckets.delete(oldest);
    }
    if (waitMs === 0) return;
    throw new TwinlensError(
      'RATE_LIMITED',
      `This client may ask ${rate.perSecond} times a second here (${rate.burst} at once); try again in ${waitMs} ms.`,
      { retryAfterMs: waitMs },
    );
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }
}
