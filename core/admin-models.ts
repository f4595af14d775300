/**
 * Models as operators see them: versions with their states and traffic, labels, policies and canaries; and the bodies
 * of the requests that change them.
 */
import * as z from 'zod/mini';
import { progress, share } from './admin-fields.ts';
import { PROVIDERS } from './engine.ts';
import { versionSchema } from './names.ts';
import { VERSION_STATES } from './protocol.ts';

export { labelNameSchema } from './names.ts';

/** Which of the known versions are served; labelled ones are served besides. */
export const versionPolicySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('latest'), count: z.int().check(z.minimum(1), z.maximum(100)) }),
  z.strictObject({ kind: z.literal('specific'), versions: z.array(versionSchema).check(z.maxLength(100)) }),
  z.strictObject({ kind: z.literal('all') }),
]);
export type VersionPolicy = z.infer<typeof versionPolicySchema>;

/** A canary beyond one of these is rolled back by the gateway itself. Undefined: not watched. */
const canaryLimitsSchema = z.strictObject({
  /** Requests of the canary in the window before it is judged. */
  minRequests: z.int().check(z.minimum(1), z.maximum(1_000_000)),
  windowMs: z.int().check(z.minimum(1000), z.maximum(86_400_000)),
  /** Share of requests that ended with a fault of the server. */
  maxErrorRate: z.optional(share),
  maxP99Ms: z.optional(z.number().check(z.positive())),
  /** Share of shadowed requests whose best class is another than that of `stable`. */
  maxDisagreement: z.optional(share),
});
export type CanaryLimits = z.infer<typeof canaryLimitsSchema>;

export const canarySettingsSchema = z.strictObject({
  version: versionSchema,
  /** Of the requests that name no version and no label. */
  share,
  /** Of those requests, the share that both versions answer, so that they can be compared; the caller gets one answer. */
  shadow: share,
  limits: canaryLimitsSchema,
});
export type CanarySettings = z.infer<typeof canarySettingsSchema>;

export const DEFAULT_CANARY_LIMITS: CanaryLimits = {
  minRequests: 50,
  windowMs: 300_000,
  maxErrorRate: 0.02,
  maxDisagreement: 0.3,
};

/** What the gateway saw of one version in the last minutes. */
const trafficSchema = z.object({
  /** Length of the window that the figures are of. */
  windowMs: z.number(),
  requests: z.int(),
  /** Faults of the server among them. */
  errors: z.int(),
  p50Ms: z.optional(z.number()),
  p99Ms: z.optional(z.number()),
});
export type Traffic = z.infer<typeof trafficSchema>;

const LOAD_STAGES = ['fetch', 'verify', 'load', 'warm-up'] as const;
export type LoadStage = (typeof LOAD_STAGES)[number];

const adminVersionSchema = z.object({
  version: z.int(),
  state: z.enum(VERSION_STATES),
  /** What a loading version is doing. */
  stage: z.optional(z.enum(LOAD_STAGES)),
  progress: z.optional(progress),
  /** Why the state is `failed`, and when it is tried again. */
  reason: z.optional(z.string()),
  retryAt: z.optional(z.number()),
  /** Name of the source that has it. */
  source: z.string(),
  /** Whether `remove` can delete it: its files are in the gateway's own data folder and nothing fetches them again. */
  removable: z.boolean(),
  labels: z.array(z.string()),
  title: z.optional(z.string()),
  licence: z.optional(z.string()),
  variant: z.optional(z.string()),
  provider: z.optional(z.enum(PROVIDERS)),
  instances: z.int(),
  /** Resident memory of its instances. */
  memoryBytes: z.number(),
  loadMs: z.optional(z.number()),
  traffic: trafficSchema,
});
export type AdminVersion = z.infer<typeof adminVersionSchema>;

const canaryViewSchema = z.extend(canarySettingsSchema, {
  startedAt: z.number(),
  /** Both versions since the canary began, at most `limits.windowMs` back. */
  seen: z.object({
    canary: trafficSchema,
    stable: trafficSchema,
    shadowed: z.int(),
    disagreed: z.int(),
  }),
});
export type CanaryView = z.infer<typeof canaryViewSchema>;

export const adminModelSchema = z.object({
  name: z.string(),
  title: z.string(),
  default: z.boolean(),
  policy: versionPolicySchema,
  /** Every label, `stable` and `canary` among them. */
  labels: z.record(z.string(), z.int()),
  /** `newest`: `stable` moves to each newer version by itself; `pinned`: an operator has placed it. */
  stable: z.enum(['newest', 'pinned']),
  /** Where `rollback` would lead. */
  rollbackTo: z.optional(z.int()),
  canary: z.optional(canaryViewSchema),
  /** Newest first. */
  versions: z.array(adminVersionSchema),
});
export type AdminModel = z.infer<typeof adminModelSchema>;

export const promoteSchema = z.strictObject({
  /** Left out: the canary. */
  version: z.optional(versionSchema),
});
export const labelSchema = z.strictObject({ version: versionSchema });
export const canaryRequestSchema = z.strictObject({
  version: versionSchema,
  share,
  shadow: z.optional(share),
  limits: z.optional(z.partial(canaryLimitsSchema)),
});
