/** How long a version that failed to load waits before it is tried again. Pure. */

const FIRST_MS = 5_000;
const LONGEST_MS = 600_000;
/** Share of the pause that chance may take off: gateways that failed together don't come back together. */
const JITTER = 0.25;

/**
 * @param failures in a row, at least 1
 * @param chance 0..1
 * @returns milliseconds: 5 s, doubled with each failure, at most 10 min
 */
export function retryPause(failures: number, chance: number): number {
  const pause = Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);
  return Math.round(pause * (1 - JITTER * chance));
}
