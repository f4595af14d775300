/**
 * The admin API's bodies as schemas, for the gateway that sends them and for the page and the command line that read
 * them: models with their versions, canaries, sources, imports and the journal. Times are milliseconds since
 * 1970, durations milliseconds, sizes bytes, shares and rates 0..1. Knows no transport.
 */
import { z } from 'zod';
import { PROVIDERS } from './engine.ts';
import { TwinlensError } from './errors.ts';
import { describeMistakes } from './mistakes.ts';
import { VERSION_STATES } from './protocol.ts';

const version = z.int().min(1).max(2_147_483_647);
const share = z.number().min(0).max(1);
const label = z.string().regex(/^[a-z][a-z0-9._-]{0,31}$/, 'lower case letters, digits, dot, dash and underscore');
const modelName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/);

/** Which of the known versions are served; labelled ones are served besides. */
export const versionPolicySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('latest'), count: z.int().min(1).max(100) }),
  z.strictObject({ kind: z.literal('specific'), versions: z.array(version).max(100) }),
  z.strictObject({ kind: z.literal('all') }),
]);
export type VersionPolicy = z.infer<typeof versionPolicySchema>;

/** A canary beyond one of these is rolled back by the gateway itself. Undefined: not watched. */
export const canaryLimitsSchema = z.strictObject({
  /** Requests of the canary in the window before it is judged. */
  minRequests: z.int().min(1).max(1_000_000),
  windowMs: z.int().min(1000).max(86_400_000),
  /** Share of requests that ended with a fault of the server. */
  maxErrorRate: share.optional(),
  maxP99Ms: z.number().positive().optional(),
  /** Share of shadowed requests whose best class is another than that of `stable`. */
  maxDisagreement: share.optional(),
});
export type CanaryLimits = z.infer<typeof canaryLimitsSchema>;

export const canarySettingsSchema = z.strictObject({
  version,
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
  p50Ms: z.number().optional(),
  p99Ms: z.number().optional(),
});
export type Traffic = z.infer<typeof trafficSchema>;

export const LOAD_STAGES = ['fetch', 'verify', 'load', 'warm-up'] as const;
export type LoadStage = (typeof LOAD_STAGES)[number];

const adminVersionSchema = z.object({
  version: z.int(),
  state: z.enum(VERSION_STATES),
  /** What a loading version is doing. */
  stage: z.enum(LOAD_STAGES).optional(),
  progress: z.object({ loadedBytes: z.number(), totalBytes: z.number() }).optional(),
  /** Why the state is `failed`, and when it is tried again. */
  reason: z.string().optional(),
  retryAt: z.number().optional(),
  /** Name of the source that has it. */
  source: z.string(),
  /** Whether `remove` can delete it: its files are in the gateway's own data folder and nothing fetches them again. */
  removable: z.boolean(),
  labels: z.array(z.string()),
  title: z.string().optional(),
  licence: z.string().optional(),
  variant: z.string().optional(),
  provider: z.enum(PROVIDERS).optional(),
  instances: z.int(),
  /** Resident memory of its instances. */
  memoryBytes: z.number(),
  loadMs: z.number().optional(),
  traffic: trafficSchema,
});
export type AdminVersion = z.infer<typeof adminVersionSchema>;

const canaryViewSchema = canarySettingsSchema.extend({
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

const adminModelSchema = z.object({
  name: z.string(),
  title: z.string(),
  default: z.boolean(),
  policy: versionPolicySchema,
  /** Every label, `stable` and `canary` among them. */
  labels: z.record(z.string(), z.int()),
  /** `newest`: `stable` moves to each newer version by itself; `pinned`: an operator has placed it. */
  stable: z.enum(['newest', 'pinned']),
  /** Where `rollback` would lead. */
  rollbackTo: z.int().optional(),
  canary: canaryViewSchema.optional(),
  /** Newest first. */
  versions: z.array(adminVersionSchema),
});
export type AdminModel = z.infer<typeof adminModelSchema>;

export const SOURCE_KINDS = ['folder', 'catalogue', 'mlflow'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

const sourceStatusSchema = z.object({
  name: z.string(),
  kind: z.enum(SOURCE_KINDS),
  /** Path or address, without secrets. */
  location: z.string(),
  checking: z.boolean(),
  lastCheckAt: z.number().optional(),
  nextCheckAt: z.number().optional(),
  /** Why the last check failed; what was known before stays. */
  error: z.string().optional(),
  /** What looks like a model there and is not taken. */
  refused: z.array(z.object({ what: z.string(), reason: z.string() })),
  /** Everything that could be pulled from there; empty where all is served anyway. */
  offers: z.array(
    z.object({
      model: z.string(),
      version: z.int(),
      title: z.string(),
      licence: z.string(),
      bytes: z.number(),
      /** It is followed: fetched, served and kept current. */
      followed: z.boolean(),
    }),
  ),
});
export type SourceStatus = z.infer<typeof sourceStatusSchema>;

/** Steps of an import, in order. A later one does not run when one before it failed. */
export const IMPORT_STEPS = [
  'fetch',
  'unpack',
  'manifest',
  'graph',
  'classes',
  'files',
  'load',
  'goldens',
  'warm-up',
] as const;
export type ImportStepName = (typeof IMPORT_STEPS)[number];

const importStepSchema = z.object({
  step: z.enum(IMPORT_STEPS),
  state: z.enum(['waiting', 'running', 'passed', 'failed']),
  /** What was found, or what is wrong and what to do. */
  message: z.string(),
});
export type ImportStep = z.infer<typeof importStepSchema>;

export const PRESETS = ['torchvision', 'tensorflow', 'caffe', 'efficientnet-lite'] as const;
export type Preset = (typeof PRESETS)[number];

/** What the files don't say by themselves. Packages need none of it; a bare `.onnx` needs preset and class names. */
export const importHintsSchema = z.strictObject({
  name: modelName.optional(),
  /** Left out: the one after the newest that is known. */
  version: version.optional(),
  title: z.string().min(1).max(120).optional(),
  licence: z.string().min(1).max(120).optional(),
  preset: z.enum(PRESETS).optional(),
  /** `imagenet-1k`, or the names in the order of the output. */
  classNames: z.union([z.literal('imagenet-1k'), z.array(z.string().min(1).max(200)).min(1).max(100_000)]).optional(),
  /** Best score below which the answer is "not sure". */
  notSureBelow: share.optional(),
});
export type ImportHints = z.infer<typeof importHintsSchema>;

const importReportSchema = z.object({
  id: z.string(),
  /** `ready`: everything passed and waits to be published. */
  state: z.enum(['checking', 'ready', 'refused', 'published']),
  /** What was handed in: a file's name or an address. */
  from: z.string(),
  model: z.string().optional(),
  version: z.int().optional(),
  title: z.string().optional(),
  licence: z.string().optional(),
  bytes: z.number(),
  createdAt: z.number(),
  progress: z.object({ loadedBytes: z.number(), totalBytes: z.number() }).optional(),
  steps: z.array(importStepSchema),
});
export type ImportReport = z.infer<typeof importReportSchema>;

const journalEntrySchema = z.object({
  at: z.number(),
  /** `admin`, `gateway` (by itself) or the name of a source. */
  actor: z.string(),
  action: z.string(),
  model: z.string().optional(),
  version: z.int().optional(),
  /** In words. */
  detail: z.string(),
});
export type JournalEntry = z.infer<typeof journalEntrySchema>;

/** Newest first. */
const journalSchema = z.object({ entries: z.array(journalEntrySchema) });

const uploadSchema = z.object({ id: z.string(), fileName: z.string(), bytes: z.int(), sha256: z.string() });
export type Upload = z.infer<typeof uploadSchema>;

const overviewSchema = z.object({
  models: z.array(adminModelSchema),
  sources: z.array(sourceStatusSchema),
  /** Newest first. */
  imports: z.array(importReportSchema),
  /** The newest entries, newest first. */
  journal: z.array(journalEntrySchema),
  /** `loopback`: no token is configured, so only this machine may ask. */
  access: z.enum(['token', 'loopback']),
  /** Why nothing can be published or kept, if so. */
  readOnly: z.string().optional(),
  limits: z.object({ maxUploadBytes: z.int() }),
});
export type AdminOverview = z.infer<typeof overviewSchema>;

/** Bodies of requests. */
export const promoteSchema = z.strictObject({
  /** Left out: the canary. */
  version: version.optional(),
});
export const labelSchema = z.strictObject({ version });
export const canaryRequestSchema = z.strictObject({
  version,
  share,
  shadow: share.optional(),
  limits: canaryLimitsSchema.partial().optional(),
});
export const importRequestSchema = z.strictObject({
  from: z.union([z.strictObject({ upload: z.string().max(64) }), z.strictObject({ url: z.url().max(2000) })]),
  hints: importHintsSchema.optional(),
});
export type ImportRequest = z.infer<typeof importRequestSchema>;
export const publishSchema = z.strictObject({
  /** `serve`: as any new version; `hold`: `stable` stays where it is; `canary`: that, and a share of the traffic. */
  as: z.enum(['serve', 'hold', 'canary']),
  share: share.optional(),
});
export type PublishRequest = z.infer<typeof publishSchema>;
export const followSchema = z.strictObject({ model: modelName });
export const labelNameSchema = label;

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TwinlensError(
    'INTERNAL',
    `The gateway sent ${what} that can't be read here: ${describeMistakes(parsed.error, what)}`,
  );
}

/** What the gateway sent, checked. Throws INTERNAL: the two ends don't speak the same protocol. */
export const parseOverview = (value: unknown): AdminOverview => read(overviewSchema, value, 'an overview');
export const parseAdminModel = (value: unknown): AdminModel => read(adminModelSchema, value, 'a model');
export const parseImportReport = (value: unknown): ImportReport => read(importReportSchema, value, 'a report');
export const parseUpload = (value: unknown): Upload => read(uploadSchema, value, 'an upload');
export const parseSourceStatus = (value: unknown): SourceStatus => read(sourceStatusSchema, value, 'a source');

export const parseJournal = (value: unknown): readonly JournalEntry[] =>
  read(journalSchema, value, 'a journal').entries;

/** Schemas for the generated document. */
export const ADMIN_SCHEMAS = {
  overview: overviewSchema,
  model: adminModelSchema,
  source: sourceStatusSchema,
  report: importReportSchema,
  upload: uploadSchema,
  journalEntry: journalEntrySchema,
} as const;
