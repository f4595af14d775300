/**
 * Which of a model's known versions are to be served: those of its policy, those that a label or an operator holds,
 * and those that a change under way waits for; less those that an operator unloaded. Pure.
 */
import type { VersionPolicy } from '../../core/admin.ts';
import { STABLE } from './labels.ts';
import type { Choice } from './lifecycle.ts';
import type { PolicyOptions } from './policy.ts';
import { labelled, type ModelState } from './state.ts';

/**
 * Versions that the policy takes from `known` (ascending). Of the latest, those that can't be loaded don't count: they
 * are tried again, and an older one serves meanwhile.
 * @param first counts as one of the latest whatever its number
 */
function byPolicy(
  policy: VersionPolicy,
  known: readonly number[],
  failed: ReadonlySet<number>,
  first?: number,
): readonly number[] {
  switch (policy.kind) {
    case 'latest': {
      const sound = known.filter((version) => version !== first && !failed.has(version));
      const count = first === undefined ? policy.count : policy.count - 1;
      if (count === 0) return [];
      const least = sound.at(-count) ?? Number.NEGATIVE_INFINITY;
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

/**
 * With `resource`, pinned `stable` is one of the latest that the policy counts: a rollback must not need the memory of
 * two versions where one is all there is.
 */
export function chooseVersions(
  model: ModelState,
  fallback: VersionPolicy,
  known: readonly number[],
  { loading, leaving, failed }: Now,
  swap: PolicyOptions['swap'],
): Choice {
  const holding = held(model);
  const wanted = new Set<number>();
  const forced = new Set<number>();
  const pin = labelled(model, STABLE);
  const counts = swap === 'resource' && pin !== undefined && known.includes(pin) && !failed.has(pin);
  const policy = new Set(byPolicy(model.policy ?? fallback, known, failed, counts ? pin : undefined));
  for (const version of known) {
    const needed = holding.has(version) || loading.has(version);
    const unloaded = leaving.has(version) || (model.unloaded.includes(version) && !needed);
    if (unloaded) forced.add(version);
    else if (needed || policy.has(version) || model.loaded.includes(version)) wanted.add(version);
  }
  return { wanted, forced };
}
