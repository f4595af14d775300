/** Imports: what is handed in, what has to be said of it, the report of its checks, and how it is published. */
import * as z from 'zod/mini';
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
  name: z.optional(modelNameSchema),
  /** Left out: the one after the newest that is known. */
  version: z.optional(versionSchema),
  title: z.optional(z.string().check(z.minLength(1), z.maxLength(120))),
  licence: z.optional(z.string().check(z.minLength(1), z.maxLength(120))),
  preset: z.optional(z.enum(PRESETS)),
  /** `imagenet-1k`, or the names in the order of the output. */
  classNames: z.optional(
    z.union([
      z.literal('imagenet-1k'),
      z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.minLength(1), z.maxLength(100_000)),
    ]),
  ),
  /** Best score below which the answer is "not sure". */
  notSureBelow: z.optional(share),
});
export type ImportHints = z.infer<typeof importHintsSchema>;

export const importReportSchema = z.object({
  id: z.string(),
  /** `ready`: everything passed and waits to be published. */
  state: z.enum(['checking', 'ready', 'refused', 'published']),
  /** What was handed in: a file's name or an address. */
  from: z.string(),
  model: z.optional(z.string()),
  version: z.optional(z.int()),
  title: z.optional(z.string()),
  licence: z.optional(z.string()),
  bytes: z.number(),
  createdAt: z.number(),
  progress: z.optional(progress),
  steps: z.array(importStepSchema),
});
export type ImportReport = z.infer<typeof importReportSchema>;

export const uploadSchema = z.object({ id: z.string(), fileName: z.string(), bytes: z.int(), sha256: z.string() });
export type Upload = z.infer<typeof uploadSchema>;

export const importRequestSchema = z.strictObject({
  from: z.union([
    z.strictObject({ upload: z.string().check(z.maxLength(64)) }),
    z.strictObject({ url: z.url().check(z.maxLength(2000)) }),
  ]),
  hints: z.optional(importHintsSchema),
});
export type ImportRequest = z.infer<typeof importRequestSchema>;
export const publishSchema = z.strictObject({
  /** `serve`: as any new version; `hold`: `stable` stays where it is; `canary`: that, and a share of the traffic. */
  as: z.enum(['serve', 'hold', 'canary']),
  share: z.optional(share),
});
export type PublishRequest = z.infer<typeof publishSchema>;
