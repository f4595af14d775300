/** Which import makes which version. Guarantees that a version is made by one import and exists once. */
import type { AdminModel } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';

export interface KnownVersions {
  models(): readonly AdminModel[];
  /** One above the highest known version of the model. */
  nextVersion(name: string): number;
}

const key = (name: string, version: number) => `${name}@${version}`;

export class Claims {
  readonly #known: KnownVersions;
  /** By the id of the import. */
  readonly #claims = new Map<string, string>();

  constructor(known: KnownVersions) {
    this.#known = known;
  }

  /** Reserves the version for the import instead of what it had. Throws CONFLICT when it is taken. */
  reserve(id: string, name: string, version: number): void {
    const taken = (why: string) =>
      new TwinlensError('CONFLICT', `${name} version ${version} ${why}; give this one another version.`);
    const model = this.#known.models().find((entry) => entry.name === name);
    if (model?.versions.some((entry) => entry.version === version)) throw taken('exists already');
    for (const [other, claim] of this.#claims) {
      if (other !== id && claim === key(name, version)) throw taken('is being imported already');
    }
    this.#claims.set(id, key(name, version));
  }

  release(id: string): void {
    this.#claims.delete(id);
  }

  /** Above what is known and what other imports make. */
  nextVersion(name: string): number {
    const taken = new Set(this.#claims.values());
    let version = this.#known.nextVersion(name);
    while (taken.has(key(name, version))) version += 1;
    return version;
  }
}
