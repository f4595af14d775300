/**
 * The invariants of serving, checked from outside against what a schedule itself knows. What is broken is said in
 * words, in `broken`.
 */
import type { ModelManager } from '../../gateway/serving/manager.ts';
import type { FakeLoadable } from '../doubles/fake-loadable.ts';
import type { FakeFetch } from '../doubles/fake-package.ts';
import { keyOf, NAMES, VERSIONS, type Wishes } from './lifecycle-wishes.ts';

const MOST_LOADS = 2;

export interface Watched {
  readonly manager: Pick<ModelManager, 'available'>;
  readonly swap: 'availability' | 'resource';
  readonly wishes: Wishes;
  /** Every version and every fetch so far. */
  readonly versions: readonly FakeLoadable[];
  readonly fetches: readonly FakeFetch[];
}

export class LifecycleInvariants {
  readonly broken: string[] = [];
  readonly #watched: Watched;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** name@version of all that can answer. */
  served(): string[] {
    return NAMES.flatMap((name) => this.#watched.manager.available(name).map((version) => keyOf({ name, version })));
  }

  latest(name: string, version: number): FakeLoadable | undefined {
    return this.#watched.versions.findLast(
      ({ found }) => found.manifest.name === name && found.manifest.version === version,
    );
  }

  /** At the moment in which a version stops to answer. */
  checkRetire(one: FakeLoadable): void {
    const { name, version } = one.found.manifest;
    const key = keyOf({ name, version });
    if (this.#watched.wishes.isWanted(name, version)) this.broken.push(`${key} is unloaded though it is wanted`);
    const wanted = this.#watched.wishes.wanted(name);
    const served = wanted.some((other) => this.#watched.manager.available(name).includes(other));
    const forced = this.#watched.wishes.choice(name).forced.has(version);
    if (this.#watched.swap === 'availability' && wanted.length > 0 && !served && !forced) {
      this.broken.push(`${key} is unloaded before its successor serves`);
    }
  }

  checkLoaded(name: string, version: number): void {
    const one = this.latest(name, version);
    if (one?.state !== 'loaded') this.broken.push(`${keyOf({ name, version })} is available, but ${one?.state}`);
  }

  check(before: readonly string[]): void {
    const served = this.served();
    let loads = 0;
    for (const name of NAMES) {
      for (const version of this.#watched.manager.available(name)) this.checkLoaded(name, version);
      const own = this.#watched.versions.filter(({ found }) => found.manifest.name === name);
      const fetches = this.#watched.fetches.filter(
        ({ aspired, open, options }) => aspired.name === name && open && !options.signal.aborted,
      );
      const loading = own.filter(({ state }) => state === 'loading').length + fetches.length;
      const retiring = own.filter(({ state }) => state === 'retiring').length;
      if (loading + retiring > 1) this.broken.push(`${name} has ${loading} loads and ${retiring} unloads under way`);
      loads += loading;
      for (const version of VERSIONS) {
        const key = keyOf({ name, version });
        if (before.includes(key) && this.#watched.wishes.isWanted(name, version) && !served.includes(key))
          this.broken.push(`${key} served, is wanted, and serves no more`);
      }
    }
    if (loads > MOST_LOADS) this.broken.push(`${loads} loads are under way`);
    for (const { cut, found } of this.#watched.versions) {
      if (cut > 0) this.broken.push(`${keyOf(found.manifest)} was ended with ${cut} open handles`);
    }
  }
}
