/** Imports: what is handed in, what has to be said of it, the report of its checks, and how it is published. */
import { z } from 'zod';
import { progress, share } from './admin-fields.ts';
import { modelNameSchema, versionSchema } from './names.ts';

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
  name: modelNameSchema.optional(),
  /** Left out: the one after the newest that is known. */
  version: versionSchema.optional(),
  title: z.string().min(1).max(120).optional(),
  licence: z.string().min(1).max(120).optional(),
  preset: z.enum(PRESETS).optional(),
  /** `imagenet-1k`, or the names in the order of the output. */
  classNames: z.union([z.literal('imagenet-1k'), z.array(z.string().min(1).max(200)).min(1).max(100_000)]).optional(),
  /** Best score below which the answer is "not sure". */
  notSureBelow: share.optional(),
});
export type ImportHints = z.infer<typeof importHintsSchema>;

export const importReportSchema = z.object({
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
  progress: progress.optional(),
  steps: z.array(importStepSchema),
});
export type ImportReport = z.infer<typeof importReportSchema>;

export const uploadSchema = z.object({ id: z.string(), fileName: z.string(), bytes: z.int(), sha256: z.string() });
export type Upload = z.infer<typeof uploadSchema>;

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
