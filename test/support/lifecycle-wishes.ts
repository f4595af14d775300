/** What a schedule wants served: the packages that its sources offer and the versions that are chosen of them. */
import type { FakePackage } from '../doubles/fake-package.ts';

export const NAMES = ['cats', 'dogs', 'fish'];
export const VERSIONS = [1, 2, 3];

export const keyOf = ({ name, version }: { readonly name: string; readonly version: number }) => `${name}@${version}`;

export interface Chosen {
  readonly wanted: ReadonlySet<number>;
  readonly forced: ReadonlySet<number>;
}

export class Wishes {
  readonly offered = new Map<string, FakePackage>();
  readonly chosen = new Map<string, Chosen>();

  /** Which of the model's versions are to be served, as far as the schedule has decided. */
  choice(name: string): Chosen {
    return this.chosen.get(name) ?? { wanted: new Set([Math.max(...VERSIONS)]), forced: new Set() };
  }

  isWanted(name: string, version: number): boolean {
    const { wanted, forced } = this.choice(name);
    return this.offered.has(keyOf({ name, version })) && wanted.has(version) && !forced.has(version);
  }

  /** The versions of the model that are to be served. */
  wanted(name: string): readonly number[] {
    return VERSIONS.filter((version) => this.isWanted(name, version));
  }
}
