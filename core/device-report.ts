/**
 * What a page tells of the answers that its device gave: how many took how long, by provider. Numbers only: no picture,
 * no class, no id. Pages send it only when the gateway asks for it, and never in mode `only-device`.
 */
import * as z from 'zod/mini';

/** Backends of browsers. */
export const DEVICE_PROVIDERS = ['webgpu', 'wasm'] as const;
export type DeviceProvider = (typeof DEVICE_PROVIDERS)[number];

/** Upper bounds of the buckets, seconds, ascending; one more bucket is for what took longer. */
export const DEVICE_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
/** Answers in one report; 33 frames a second for five minutes. */
export const MAX_REPORTED = 10_000;
/** Seconds that one answer counts for at most: what takes longer was a device that slept. */
export const LONGEST_ANSWER = 60;

const timing = z.strictObject({
  provider: z.enum(DEVICE_PROVIDERS),
  /** Answers by the bucket that their duration fell into; not cumulative. */
  counts: z.array(z.int().check(z.minimum(0), z.maximum(MAX_REPORTED))).check(z.length(DEVICE_BOUNDS.length + 1)),
  /** Of all of them together. */
  seconds: z.number().check(z.minimum(0), z.maximum(MAX_REPORTED * LONGEST_ANSWER)),
});
export type DeviceTiming = z.infer<typeof timing>;

const total = (timings: readonly DeviceTiming[]) =>
  timings.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0);

export const deviceReportSchema = z
  .strictObject({ timings: z.array(timing).check(z.minLength(1), z.maxLength(DEVICE_PROVIDERS.length)) })
  .check(
    z.refine(({ timings }) => new Set(timings.map(({ provider }) => provider)).size === timings.length, {
      message: 'each provider at most once',
    }),
    z.refine(({ timings }) => total(timings) <= MAX_REPORTED, { message: `at most ${MAX_REPORTED} answers together` }),
  );
export type DeviceReport = z.infer<typeof deviceReportSchema>;

/** Index of the bucket that a duration falls into. */
export function bucketOf(seconds: number): number {
  const index = DEVICE_BOUNDS.findIndex((bound) => seconds <= bound);
  return index < 0 ? DEVICE_BOUNDS.length : index;
}

export function isDeviceProvider(provider: string): provider is DeviceProvider {
  return DEVICE_PROVIDERS.some((known) => known === provider);
}

/**
 * One duration for each bucket that stands for its answers: inside the bucket, and such that all of them together come
 * as near to `seconds` as the buckets allow. What a client claims can't be more than that.
 */
export function representatives({ counts, seconds }: DeviceTiming): number[] {
  const edges = counts.map((_, i) => ({
    low: DEVICE_BOUNDS[i - 1] ?? 0,
    high: DEVICE_BOUNDS[i] ?? LONGEST_ANSWER,
  }));
  const sum = (pick: (edge: { low: number; high: number }) => number) =>
    edges.reduce((all, edge, i) => all + pick(edge) * (counts[i] ?? 0), 0);
  const room = sum(({ low, high }) => high - low);
  const wanted = room === 0 ? 1 : (seconds - sum(({ low }) => low)) / room;
  // Not the lower edge itself, which belongs to the bucket below.
  const share = Math.min(1, Math.max(1e-6, wanted));
  return edges.map(({ low, high }) => low + share * (high - low));
}
