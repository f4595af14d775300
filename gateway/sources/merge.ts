/** What all sources want together. Pure. */
import type { Aspired, SourceSnapshot } from './source.ts';

export interface Conflict {
  readonly source: string;
  /** `name@version`. */
  readonly what: string;
  readonly reason: string;
}

export interface Merged {
  readonly aspired: readonly Aspired[];
  /** Versions that another source has already; the first in order has it. */
  readonly refused: readonly Conflict[];
}

/** @param snapshots in the order of the sources' rank: of two that have the same version, the first provides it */
export function mergeAspired(snapshots: readonly SourceSnapshot[]): Merged {
  const chosen = new Map<string, Aspired>();
  const refused: Conflict[] = [];
  for (const aspired of snapshots.flatMap((snapshot) => snapshot.aspired)) {
    const what = `${aspired.name}@${aspired.version}`;
    const first = chosen.get(what);
    if (!first) chosen.set(what, aspired);
    else
      refused.push({
        source: aspired.source,
        what,
        reason: `The source ${first.source} has ${what} already and comes first; give this one another version.`,
      });
  }
  return { aspired: [...chosen.values()], refused };
}
