/**
 * The lifecycle policy: from what is wanted and what is there to at most one next action. Pure and idempotent: the
 * same snapshot gives the same action, and none once it is carried out. Guarantees one action a model at a time,
 * and that the last version of a model that can answer is not unloaded before a wanted one can, unless it is forced
 * or the operator has chosen to save memory. Knows no clock: whether a failed version is due is told to it.
 */

export type VersionState = 'idle' | 'loading' | 'available' | 'unloading' | 'failed';

export interface VersionSnapshot {
  readonly name: string;
  readonly version: number;
  /** Some source has it, and it is chosen to be served. */
  readonly wanted: boolean;
  /** Not wanted, and to be unloaded though nothing takes its place. */
  readonly forced: boolean;
  readonly state: VersionState;
  /** Of a failed one: it is time to try again. */
  readonly retryDue: boolean;
}

export type Action = { readonly kind: 'load' | 'unload'; readonly name: string; readonly version: number };

export interface PolicyOptions {
  /** availability: a new version is loaded beside the old one; resource: the old one is unloaded first. */
  readonly swap: 'availability' | 'resource';
  /** Loads under way at once, all models together. */
  readonly maxLoads: number;
}

function newest(versions: readonly VersionSnapshot[]): VersionSnapshot | undefined {
  return versions.reduce<VersionSnapshot | undefined>(
    (best, one) => (best && best.version > one.version ? best : one),
    undefined,
  );
}

/** The next action of one model, given all of its versions. */
function nextOf(versions: readonly VersionSnapshot[], mayLoad: boolean, swap: PolicyOptions['swap']) {
  if (versions.some(({ state }) => state === 'loading' || state === 'unloading')) return undefined;
  const act = (kind: Action['kind'], one: VersionSnapshot | undefined): Action | undefined =>
    one && { kind, name: one.name, version: one.version };
  const unwanted = versions.filter(({ state, wanted }) => state === 'available' && !wanted);
  const forced = unwanted.find((one) => one.forced);
  if (forced) return act('unload', forced);
  // Newest first: what users wait for is the latest version.
  const toLoad = newest(
    versions.filter(({ state, wanted, retryDue }) => wanted && (state === 'idle' || (state === 'failed' && retryDue))),
  );
  if (toLoad && mayLoad) return swap === 'resource' && unwanted[0] ? act('unload', unwanted[0]) : act('load', toLoad);
  const isWanted = versions.some(({ wanted }) => wanted);
  const isServed = versions.some(({ wanted, state }) => wanted && state === 'available');
  return !isWanted || isServed ? act('unload', unwanted[0]) : undefined;
}

export function nextAction(snapshot: readonly VersionSnapshot[], options: PolicyOptions): Action | undefined {
  const mayLoad = snapshot.filter(({ state }) => state === 'loading').length < options.maxLoads;
  const models = new Map<string, VersionSnapshot[]>();
  for (const one of snapshot) {
    const versions = models.get(one.name);
    if (versions) versions.push(one);
    else models.set(one.name, [one]);
  }
  for (const versions of models.values()) {
    const action = nextOf(versions, mayLoad, options.swap);
    if (action) return action;
  }
  return undefined;
}
