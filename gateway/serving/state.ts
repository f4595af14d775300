/**
 * What the gateway keeps of its models, as one value: what operators decided and who did what when. Values are never
 * changed in place; each function gives a new one. Knows no file; `parseState` is the only way in from one.
 */
import * as z from 'zod/mini';
import { ADMIN_SCHEMAS, canarySettingsSchema, type JournalEntry, versionPolicySchema } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { describeMistakes } from '../../core/mistakes.ts';
import { versionSchema } from '../../core/names.ts';

export const STATE_FORMAT = 'twinlens-state/1';
/** Versions that had `stable` before and are remembered; rollback leads back through them. */
export const MAX_PREVIOUS = 10;
/** Versions of one model that an operator loaded or unloaded by hand. */
export const MAX_VERSIONS = 100;

const canarySchema = z.extend(canarySettingsSchema, { startedAt: z.number() });
/** The settings of a canary that runs, and since when: milliseconds since 1970. */
export type RunningCanary = z.infer<typeof canarySchema>;

const modelSchema = z.strictObject({
  /** Left out: the configuration's. */
  policy: z.optional(versionPolicySchema),
  /** Own labels, and `stable` while it is pinned. */
  labels: z.record(z.string(), versionSchema),
  /** The version that `stable` named last, also when it followed the newest by itself. */
  stable: z.optional(versionSchema),
  /** Those that had it before, oldest first. */
  previous: z.array(versionSchema).check(z.maxLength(MAX_PREVIOUS)),
  loaded: z.array(versionSchema).check(z.maxLength(MAX_VERSIONS)),
  unloaded: z.array(versionSchema).check(z.maxLength(MAX_VERSIONS)),
  canary: z.optional(canarySchema),
});
export type ModelState = Readonly<z.infer<typeof modelSchema>>;

const stateSchema = z.strictObject({
  format: z.literal(STATE_FORMAT),
  models: z.record(z.string(), modelSchema),
  /** Models that are followed by an operator's wish, by the source's name. */
  follows: z.array(z.strictObject({ source: z.string(), model: z.string() })).check(z.maxLength(10_000)),
  /** Oldest first. */
  journal: z.array(ADMIN_SCHEMAS.journalEntry),
});
export type SavedState = Readonly<z.infer<typeof stateSchema>>;

export const EMPTY_STATE: SavedState = { format: STATE_FORMAT, models: {}, follows: [], journal: [] };
export const EMPTY_MODEL: ModelState = { labels: {}, previous: [], loaded: [], unloaded: [] };

/** Throws INVALID_ARGUMENT that tells what is wrong with it. */
export function parseState(text: string): SavedState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', 'it is not valid JSON', { cause });
  }
  const parsed = stateSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TwinlensError('INVALID_ARGUMENT', describeMistakes(parsed.error, 'state'));
}

/** What is kept of a model; the empty state for one that nobody touched. */
export function modelState(state: SavedState, name: string): ModelState {
  return (Object.hasOwn(state.models, name) ? state.models[name] : undefined) ?? EMPTY_MODEL;
}

/** The same state when `change` gives back what it got. */
export function withModel(state: SavedState, name: string, change: (model: ModelState) => ModelState): SavedState {
  const before = modelState(state, name);
  const after = change(before);
  return after === before ? state : { ...state, models: { ...state.models, [name]: after } };
}

/** The newest `max` entries survive. */
export function withEntry(state: SavedState, entry: JournalEntry, max: number): SavedState {
  return { ...state, journal: [...state.journal, entry].slice(-max) };
}

/** The version that a label of the model names; `stable` only while it is pinned. */
export function labelled(model: ModelState, label: string): number | undefined {
  return Object.hasOwn(model.labels, label) ? model.labels[label] : undefined;
}

/** Adds `version` to a bounded list without doubles; the oldest goes first. */
export function including(list: readonly number[], version: number, max: number): number[] {
  return [...list.filter((other) => other !== version), version].slice(-max);
}

export function without(list: readonly number[], version: number): number[] {
  return list.filter((other) => other !== version);
}

/** `stable` is placed at `version` by an operator; what it named before is where a rollback leads. */
export function pinned(model: ModelState, version: number, before: number | undefined): ModelState {
  const moved = before !== undefined && before !== version;
  return {
    ...model,
    labels: { ...model.labels, stable: version },
    stable: version,
    previous: moved ? including(model.previous, before, MAX_PREVIOUS) : model.previous,
    unloaded: without(model.unloaded, version),
  };
}

/**
 * `stable` moved to `version` by itself. Only a way up counts as a move that can be rolled back: below is where it
 * falls while versions come and go, and back to where it was when they are there again.
 */
export function followed(model: ModelState, version: number, known: readonly number[]): ModelState {
  const last = model.stable;
  if (last === version) return model;
  if (last === undefined || (last > version && !known.includes(last))) return { ...model, stable: version };
  if (last > version) return model;
  return { ...model, stable: version, previous: including(model.previous, last, MAX_PREVIOUS) };
}
