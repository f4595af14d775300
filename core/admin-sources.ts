/** Sources as operators see them: where versions come from, what is offered there, and how the last check went. */
import * as z from 'zod/mini';
import { modelNameSchema } from './names.ts';

const SOURCE_KINDS = ['folder', 'catalogue', 'mlflow'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

export const sourceStatusSchema = z.object({
  name: z.string(),
  kind: z.enum(SOURCE_KINDS),
  /** Path or address, without secrets. */
  location: z.string(),
  checking: z.boolean(),
  lastCheckAt: z.optional(z.number()),
  nextCheckAt: z.optional(z.number()),
  /** Why the last check failed; what was known before stays. */
  error: z.optional(z.string()),
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

export const followSchema = z.strictObject({ model: modelNameSchema });
