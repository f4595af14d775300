/** A token bucket, as a value: it holds up to `burst` tokens and gains `perSecond` of them every second. Pure. */

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface Bucket {
  /** Tokens that it held at `at`; parts of tokens too. */
  readonly tokens: number;
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
}

export const fullBucket = ({ burst }: Rate, now: number): Bucket => ({ tokens: burst, at: now });

/** What adding up parts of tokens may lose. */
const EPSILON = 1e-9;

/** One token out. `waitMs` is 0 when there was one, else the milliseconds until there will be; then nothing changes. */
export function takeToken(
  bucket: Bucket,
  rate: Rate,
  now: number,
): { readonly bucket: Bucket; readonly waitMs: number } {
  const gained = (Math.max(0, now - bucket.at) / 1000) * rate.perSecond;
  const tokens = Math.min(rate.burst, bucket.tokens + gained);
  if (tokens >= 1 - EPSILON) return { bucket: { tokens: Math.max(0, tokens - 1), at: now }, waitMs: 0 };
  return { bucket, waitMs: Math.max(1, Math.ceil(((1 - tokens) / rate.perSecond) * 1000 - EPSILON)) };
}
