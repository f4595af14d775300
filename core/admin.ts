/**
 * The admin API's bodies as schemas, for the gateway that sends them and for the page and the command line that read
 * them: the overview of models, sources and imports with the journal, and the way to each of its parts. Times are
 * milliseconds since 1970, durations milliseconds, sizes bytes, shares and rates 0..1. Knows no transport.
 */
import * as z from 'zod/mini';
import { type ImportReport, importReportSchema, type Upload, uploadSchema } from './admin-imports.ts';
import { type AdminModel, adminModelSchema } from './admin-models.ts';
import { type SourceStatus, sourceStatusSchema } from './admin-sources.ts';
import { TwinlensError } from './errors.ts';
import { describeMistakes } from './mistakes.ts';

export * from './admin-imports.ts';
export * from './admin-models.ts';
export * from './admin-sources.ts';

const journalEntrySchema = z.object({
  at: z.number(),
  /** `admin`, `gateway` (by itself) or the name of a source. */
  actor: z.string(),
  action: z.string(),
  model: z.optional(z.string()),
  version: z.optional(z.int()),
  /** In words. */
  detail: z.string(),
});
export type JournalEntry = z.infer<typeof journalEntrySchema>;

/** Newest first. */
const journalSchema = z.object({ entries: z.array(journalEntrySchema) });

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
  readOnly: z.optional(z.string()),
  limits: z.object({ maxUploadBytes: z.int() }),
});
export type AdminOverview = z.infer<typeof overviewSchema>;

function read<T>(schema: z.ZodMiniType<T>, value: unknown, what: string): T {
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
