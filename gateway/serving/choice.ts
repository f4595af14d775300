/**
 * Which of a model's known versions are to be served: those of its policy, those that a label or an operator holds,
 * and those that a change under way waits for; less those that an operator unloaded. Pure.
 */
import type { VersionPolicy } from '../../core/admin.ts';
import type { Choice } from './lifecycle.ts';
import type { ModelState } from './state.ts';

/**
 * Versions that the policy takes from `known` (ascending). Of the latest, those that can't be loaded don't count: they
 * are tried again, and an older one serves meanwhile.
 */
export function byPolicy(
  policy: VersionPolicy,
  known: readonly number[],
  failed: ReadonlySet<number>,
): readonly number[] {
  switch (policy.kind) {
    case 'latest': {
      const sound = known.filter((version) => !failed.has(version));
      const least = sound.at(-policy.count) ?? Number.NEGATIVE_INFINITY;
      return known.filter((version) => version >= least);
    }
    case 'specific':
      return known.filter((version) => policy.versions.includes(version));
    case 'all':
      return known;
    default: {
      const impossible: never = policy;
      return impossible;
    }
  }
}

/** Versions that must not go: a label, pinned `stable` or the canary names them. */
export function held(model: ModelState): ReadonlySet<number> {
  const versions = new Set(Object.values(model.labels));
  if (model.canary) versions.add(model.canary.version);
  return versions;
}

/** What the choice takes into account besides what is kept. */
export interface Now {
  /** Versions that an operation under way is waiting for, and those that it is taking away. */
  readonly loading: ReadonlySet<number>;
  readonly leaving: ReadonlySet<number>;
  /** Versions that could not be loaded when that was tried last. */
  readonly failed: ReadonlySet<number>;
}

export function chooseVersions(
  model: ModelState,
  fallback: VersionPolicy,
  known: readonly number[],
  { loading, leaving, failed }: Now,
): Choice {
  const holding = held(model);
  const wanted = new Set<number>();
  const forced = new Set<number>();
  const policy = new Set(byPolicy(model.policy ?? fallback, known, failed));
  for (const version of known) {
    const needed = holding.has(version) || loading.has(version);
    const unloaded = leaving.has(version) || (model.unloaded.includes(version) && !needed);
    if (unloaded) forced.add(version);
    else if (needed || policy.has(version) || model.loaded.includes(version)) wanted.add(version);
  }
  return { wanted, forced };
}
