/**
 * How the requests of the last minutes ended, in bounded memory: a ring of buckets of equal length, each with its
 * counts and a histogram of durations whose bins are 10 % wide. Percentiles are right to about 5 %. Owns no clock.
 */
import type { Traffic } from '../../core/admin.ts';
import type { ErrorCode } from '../../core/errors.ts';

/** Length of the window that the admin page shows of each version. */
export const TRAFFIC_WINDOW_MS = 300_000;

const BUCKETS = 30;
const LEAST_MS = 0.1;
const GROWTH = Math.log(1.1);
/** Up to about 15 minutes; what takes longer counts as that. */
const BINS = 170;

interface Bucket {
  /** Which stretch of time it holds; -1: none. */
  slot: number;
  requests: number;
  errors: number;
  readonly durations: Uint32Array;
}

/** Whether an ending says something of the version: mistakes of clients and requests taken back don't. */
export function endingOf(code: 'OK' | ErrorCode): 'answered' | 'fault' | 'neither' {
  switch (code) {
    case 'OK':
      return 'answered';
    case 'ENGINE_FAILED':
    case 'INTERNAL':
    case 'DEADLINE_EXCEEDED':
    case 'UNAVAILABLE':
      return 'fault';
    default:
      return 'neither';
  }
}

const binOf = (ms: number): number =>
  Math.min(BINS - 1, Math.max(0, Math.floor(Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / GROWTH)));
/** The middle of a bin, geometrically. */
const middleOf = (bin: number): number => LEAST_MS * Math.exp((bin + 0.5) * GROWTH);

export class TrafficWindow {
  readonly windowMs: number;
  readonly #buckets: Bucket[] = [];

  constructor(windowMs = TRAFFIC_WINDOW_MS) {
    this.windowMs = windowMs;
    for (let at = 0; at < BUCKETS; at += 1)
      this.#buckets.push({ slot: -1, requests: 0, errors: 0, durations: new Uint32Array(BINS) });
  }

  /** @param ms how long an answered request took; undefined for one that failed */
  add(now: number, ms: number | undefined, error = false): void {
    const slot = this.#slot(now);
    const bucket = this.#buckets[slot % BUCKETS];
    if (!bucket) return;
    if (bucket.slot !== slot) {
      bucket.durations.fill(0);
      Object.assign(bucket, { slot, requests: 0, errors: 0 });
    }
    bucket.requests += 1;
    if (error) bucket.errors += 1;
    if (ms === undefined) return;
    const bin = binOf(ms);
    bucket.durations[bin] = (bucket.durations[bin] ?? 0) + 1;
  }

  read(now: number): Traffic {
    const slot = this.#slot(now);
    const recent = this.#buckets.filter((bucket) => bucket.slot > slot - BUCKETS && bucket.slot <= slot);
    const durations = new Float64Array(BINS);
    let requests = 0;
    let errors = 0;
    for (const bucket of recent) {
      requests += bucket.requests;
      errors += bucket.errors;
      for (let bin = 0; bin < BINS; bin += 1) durations[bin] = (durations[bin] ?? 0) + (bucket.durations[bin] ?? 0);
    }
    return {
      windowMs: this.windowMs,
      requests,
      errors,
      p50Ms: percentile(durations, 0.5),
      p99Ms: percentile(durations, 0.99),
    };
  }

  #slot(now: number): number {
    return Math.floor(Math.max(0, now) / (this.windowMs / BUCKETS));
  }
}

/** Nearest rank; undefined while nothing was counted. */
function percentile(counts: Float64Array, share: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let left = Math.max(1, Math.ceil(total * share));
  for (const [bin, count] of counts.entries()) {
    left -= count;
    if (left <= 0) return middleOf(bin);
  }
  return undefined;
}
