/**
 * The store's table of contents: which models are kept, which backend won on this device, and which goldens passed.
 * Pure: reads, changes and prunes the table; `store.ts` keeps it.
 */
import * as z from 'zod/mini';
import { type Manifest, parseManifest } from '../core/manifest.ts';

/** Versions kept of each model: the one in use and the one before it, so that going back is instant. */
const KEPT_VERSIONS = 2;
/** Models kept; the one used longest ago goes first. */
export const KEPT_MODELS = 4;
/** Measured choices of a backend that are remembered. */
export const KEPT_VERDICTS = 16;
/** Passed goldens that are remembered: one key a model, build and browser. */
export const KEPT_PASSED = 16;

const verdictSchema = z.object({ key: z.string(), provider: z.enum(['wasm', 'webgpu']), reason: z.string() });
/** A measured choice between backends, for one model on one graphics adapter and browser. */
export type Verdict = z.infer<typeof verdictSchema>;

const indexSchema = z.object({
  format: z.literal('twinlens-store/1'),
  models: z.array(
    z.object({ name: z.string(), labels: z.record(z.string(), z.int()), manifests: z.array(z.unknown()) }),
  ),
  verdicts: z.array(verdictSchema),
  /** Left out by earlier builds. */
  passed: z.optional(z.array(z.string())),
});

export interface StoredModel {
  readonly name: string;
  readonly labels: Readonly<Record<string, number>>;
  /** The one in use first, then the one used or described before it. */
  readonly manifests: readonly Manifest[];
}

export interface StoreIndex {
  readonly format: 'twinlens-store/1';
  /** Most recently used first. */
  readonly models: readonly StoredModel[];
  readonly verdicts: readonly Verdict[];
  /** Most recent first. */
  readonly passed: readonly string[];
}

export const EMPTY_INDEX: StoreIndex = { format: 'twinlens-store/1', models: [], verdicts: [], passed: [] };

/** Reads stored bytes; what can't be read (a later format, a damaged file) counts as nothing stored. */
export function parseIndex(bytes: Uint8Array | undefined): StoreIndex {
  if (!bytes) return EMPTY_INDEX;
  try {
    const { models, verdicts, passed = [] } = indexSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return {
      format: 'twinlens-store/1',
      verdicts,
      passed,
      models: models.map((model) => ({ ...model, manifests: model.manifests.map(parseManifest) })),
    };
  } catch {
    return EMPTY_INDEX;
  }
}

type Labels = Readonly<Record<string, number>>;

/** The index with `manifest` as the one in use, pruned to its bounds. */
export function remember(index: StoreIndex, manifest: Manifest, labels: Labels | undefined): StoreIndex {
  return put(index, manifest.name, labels, (others) => [manifest, ...others], manifest.version);
}

/**
 * The index with `manifest` as one that is known and about to be used: next to the one in use, which stays
 * what an offline visit loads until the new one has proven itself.
 */
export function mention(index: StoreIndex, manifest: Manifest, labels: Labels | undefined): StoreIndex {
  const used = index.models.find((model) => model.name === manifest.name)?.manifests[0];
  if (!used || used.version === manifest.version) return remember(index, manifest, labels);
  const insert = ([first, ...others]: readonly Manifest[]) => [...(first ? [first] : []), manifest, ...others];
  return put(index, manifest.name, labels, insert, manifest.version);
}

function put(
  index: StoreIndex,
  name: string,
  labels: Labels | undefined,
  insert: (others: readonly Manifest[]) => readonly Manifest[],
  version: number,
): StoreIndex {
  const known = index.models.find((model) => model.name === name);
  const others = (known?.manifests ?? []).filter((other) => other.version !== version);
  const model: StoredModel = {
    name,
    labels: labels ?? known?.labels ?? {},
    manifests: insert(others).slice(0, KEPT_VERSIONS),
  };
  const models = [model, ...index.models.filter((other) => other.name !== name)].slice(0, KEPT_MODELS);
  return { ...index, models };
}

export function rememberVerdict(index: StoreIndex, verdict: Verdict): StoreIndex {
  const others = index.verdicts.filter((other) => other.key !== verdict.key);
  return { ...index, verdicts: [verdict, ...others].slice(0, KEPT_VERDICTS) };
}

export function rememberPassed(index: StoreIndex, key: string): StoreIndex {
  const others = index.passed.filter((other) => other !== key);
  return { ...index, passed: [key, ...others].slice(0, KEPT_PASSED) };
}

/** sha256 of every file that the index's models consist of. */
export function wantedFiles(index: StoreIndex): ReadonlySet<string> {
  return new Set(
    index.models.flatMap((model) =>
      model.manifests.flatMap((manifest) => Object.values(manifest.files).map((entry) => entry.sha256)),
    ),
  );
}
