/**
 * What is told of many alike: the first few of each kind in a second, and how many were left untold since. Whoever is
 * flooded needs its time for other things than telling of each drop. Owns no clock; kinds are few and known beforehand.
 */

/** Of a kind, in a second. */
const TOLD = 10;
const SECOND_MS = 1000;

interface Kind {
  since: number;
  told: number;
  untold: number;
}

export class Flood<K extends string> {
  readonly #now: () => number;
  readonly #kinds = new Map<K, Kind>();

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Undefined: this one is not to be told. Else how many were not since the last one that was. */
  tell(kind: K): number | undefined {
    const now = this.#now();
    const known = this.#kinds.get(kind) ?? { since: now, told: 0, untold: 0 };
    this.#kinds.set(kind, known);
    if (now - known.since >= SECOND_MS) Object.assign(known, { since: now, told: 0 });
    if (known.told === TOLD) {
      known.untold += 1;
      return undefined;
    }
    const { untold } = known;
    known.told += 1;
    known.untold = 0;
    return untold;
  }
}
