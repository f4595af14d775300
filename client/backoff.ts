/** How long to wait before the next attempt: exponential with full jitter, bounded. */

export interface BackoffOptions {
  /** Milliseconds; upper bound of the first wait. Default 250. */
  readonly baseMs: number;
  /** Milliseconds; no wait is longer. Default 15,000. */
  readonly capMs: number;
}

export const DEFAULT_BACKOFF: BackoffOptions = { baseMs: 250, capMs: 15_000 };

/**
 * Milliseconds before the attempt that follows `failures` failures in a row (1 or more):
 * uniform in 0..min(cap, base * 2^(failures - 1)). "Full jitter": Brooker, "Exponential Backoff and
 * Jitter", AWS Architecture Blog, 2015.
 */
export function backoffMs(failures: number, random: () => number, options: BackoffOptions): number {
  // 2^30 is beyond any cap in use; without the bound a long outage would reach Infinity.
  const ceiling = Math.min(options.capMs, options.baseMs * 2 ** Math.min(failures - 1, 30));
  return random() * ceiling;
}
