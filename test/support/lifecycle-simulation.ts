/**
 * One seeded schedule of everything that can happen to versions: offers and choices change, fetches and loads end well
 * or badly, instances crash, requests come and go, operators wait and leave, time passes. After every step the
 * invariants of serving are checked against what the schedule itself knows; what is broken is in `broken`.
 */
import { ModelManager } from '../../gateway/serving/manager.ts';
import type { Handle } from '../../gateway/serving/servable.ts';
import { FakeClock, settle } from '../doubles/fake-clock.ts';
import { FakeLoadable } from '../doubles/fake-loadable.ts';
import { type FakeFetch, FakePackage } from '../doubles/fake-package.ts';
import { LifecycleInvariants } from './lifecycle-invariants.ts';
import { keyOf, NAMES, VERSIONS, Wishes } from './lifecycle-wishes.ts';
import { Chance } from './random.ts';

/** Longer than any pause between two tries. */
const LONG_MS = 601_000;
const GRACE_MS = 5_000;
const MOST_ROUNDS = 100;

export class LifecycleSimulation {
  /** What was done, newest last. */
  readonly story: string[] = [];
  /** What came of it: a schedule in which nothing happens proves nothing. */
  readonly seen = { available: 0, retired: 0, failed: 0, changed: 0 };
  readonly #chance: Chance;
  readonly #clock = new FakeClock();
  readonly #manager: ModelManager;
  readonly #invariants: LifecycleInvariants;
  readonly #wishes = new Wishes();
  readonly #versions: FakeLoadable[] = [];
  readonly #fetches: FakeFetch[] = [];
  readonly #handles: Handle[] = [];
  readonly #callers: AbortController[] = [];
  #prints = 0;
  /** Offer or choice changed in this step: once, so that what served before it can be judged by what is decided now. */
  #decided = false;
  /** Promises of whenAvailable and whenGone that have not settled. */
  #waiting = 0;

  constructor(seed: number) {
    this.#chance = new Chance(seed);
    const swap = this.#chance.happens(0.25) ? 'resource' : 'availability';
    this.#manager = new ModelManager({
      swap,
      clock: this.#clock,
      random: this.#chance.next,
      make: (found) => {
        const one = new FakeLoadable(found, (retiring) => this.#invariants.checkRetire(retiring));
        this.#versions.push(one);
        return one;
      },
    });
    this.#invariants = new LifecycleInvariants({
      manager: this.#manager,
      swap,
      wishes: this.#wishes,
      versions: this.#versions,
      fetches: this.#fetches,
    });
    this.#manager.choose((name) => this.#wishes.choice(name));
    this.#manager.subscribe((event) => {
      this.seen[event.kind] += 1;
      if (event.kind === 'available') this.#invariants.checkLoaded(event.name, event.version);
    });
  }

  /** What was broken, in words. */
  get broken(): string[] {
    return this.#invariants.broken;
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps && this.broken.length === 0; step += 1) {
      const before = this.#invariants.served();
      await this.#step();
      // Some things happen before anybody had a chance to react to the last one.
      if (this.#chance.happens(0.8)) await settle();
      this.#invariants.check(before);
    }
    if (this.#chance.happens(0.8) && this.broken.length === 0) await this.#calm();
    await this.#close();
  }

  #say(what: string): void {
    this.story.push(what);
  }

  async #step(): Promise<void> {
    const chance = this.#chance;
    this.#decided = false;
    const steps = [
      () => this.#changeOffer(),
      () => this.#changeChoice(),
      () => this.#moveFetch(),
      () => this.#moveFetch(),
      () => this.#moveLoad(),
      () => this.#moveLoad(),
      () => this.#moveServing(),
      () => this.#request(),
      () => this.#request(),
      () => this.#finishRetiring(),
      () => this.#operate(),
    ];
    if (chance.happens(0.9)) {
      // Most of them need something that may not be there.
      for (let tries = 0; tries < 10; tries += 1) if (chance.pick(steps)?.() && chance.happens(0.8)) return;
    }
    const ms = chance.pick([100, 3_000, 10_000, LONG_MS]) ?? 0;
    this.#say(`${ms} ms pass`);
    await this.#clock.advance(ms);
  }

  #changeOffer(): boolean {
    if (this.#decided) return false;
    this.#decided = true;
    const name = this.#chance.pick(NAMES) ?? '';
    const version = this.#chance.pick(VERSIONS) ?? 0;
    const key = keyOf({ name, version });
    if (this.#wishes.offered.has(key) && this.#chance.happens(0.4)) {
      this.#say(`${key} is no longer offered`);
      this.#wishes.offered.delete(key);
    } else {
      this.#prints += 1;
      this.#say(`${key} is offered with content ${this.#prints}`);
      const aspired = new FakePackage(name, version, `${this.#prints}`, (fetch) => this.#fetches.push(fetch));
      aspired.stubborn = this.#chance.happens(0.1);
      this.#wishes.offered.set(key, aspired);
    }
    this.#manager.offer([...this.#wishes.offered.values()]);
    return true;
  }

  #changeChoice(): boolean {
    if (this.#decided) return false;
    this.#decided = true;
    const name = this.#chance.pick(NAMES) ?? '';
    const wanted = new Set(VERSIONS.filter(() => this.#chance.happens(0.5)));
    const forced = new Set(VERSIONS.filter((version) => !wanted.has(version) && this.#chance.happens(0.15)));
    this.#say(`${name} is to serve ${[...wanted]}, without ${[...forced]}`);
    this.#wishes.chosen.set(name, { wanted, forced });
    this.#manager.reconsider();
    return true;
  }

  #moveFetch(): boolean {
    const fetch = this.#chance.pick(this.#fetches.filter(({ open }) => open));
    if (!fetch) return false;
    const what = this.#chance.next();
    this.#say(`the fetch of ${keyOf(fetch.aspired)} ${what < 0.2 ? 'goes on' : what < 0.4 ? 'fails' : 'ends'}`);
    if (what < 0.2) fetch.progress(50);
    else if (what < 0.4) fetch.fail();
    else fetch.succeed();
    return true;
  }

  #moveLoad(): boolean {
    const one = this.#chance.pick(this.#versions.filter(({ state }) => state === 'loading'));
    if (!one) return false;
    const what = this.#chance.next();
    this.#say(`loading ${keyOf(one.found.manifest)} ${what < 0.2 ? 'goes on' : what < 0.4 ? 'fails' : 'ends'}`);
    if (what < 0.2) one.reach('warm-up');
    else if (what < 0.4) one.fail();
    else one.succeed();
    return true;
  }

  #moveServing(): boolean {
    const one = this.#chance.pick(this.#versions.filter(({ state }) => state === 'loaded'));
    if (!one) return false;
    this.#say(`${keyOf(one.found.manifest)} ${one.alive ? 'crashes' : 'comes back'}`);
    one.alive = !one.alive;
    return true;
  }

  #request(): boolean {
    if (this.#chance.happens(0.5)) {
      const [handle] = this.#handles.splice(Math.floor(this.#chance.next() * this.#handles.length), 1);
      if (handle) this.#say(`a request of ${keyOf(handle)} ends`);
      handle?.release();
      return handle !== undefined;
    }
    const name = this.#chance.pick(NAMES) ?? '';
    // Mostly one that can answer.
    const versions = this.#chance.happens(0.8) ? this.#manager.available(name) : VERSIONS;
    const version = this.#chance.pick(versions);
    if (version === undefined) return false;
    const key = keyOf({ name, version });
    const handle = this.#manager.acquire(name, version);
    this.#say(`a request asks for ${key}`);
    if (handle) this.#handles.push(handle);
    if (handle && this.#invariants.latest(name, version)?.state !== 'loaded')
      this.broken.push(`${key} was handed out unloaded`);
    if (this.#invariants.served().includes(key) !== (handle !== undefined))
      this.broken.push(`${key}: available, but no handle`);
    return true;
  }

  #finishRetiring(): boolean {
    const one = this.#chance.pick(this.#versions.filter(({ state }) => state === 'retiring'));
    if (!one) return false;
    this.#say(`the processes of ${keyOf(one.found.manifest)} end when its requests have`);
    one.finish();
    return true;
  }

  #operate(): boolean {
    const name = this.#chance.pick(NAMES) ?? '';
    const version = this.#chance.pick(VERSIONS) ?? 0;
    const what = this.#chance.next();
    if (what < 0.3) {
      this.#say(`${keyOf({ name, version })} is to be tried again`);
      this.#manager.retry(name, version);
      return true;
    }
    if (what < 0.5) {
      this.#say('somebody who waits goes away');
      this.#callers.pop()?.abort();
      return true;
    }
    const caller = new AbortController();
    this.#callers.push(caller);
    this.#say(`somebody waits for ${keyOf({ name, version })} to ${what < 0.8 ? 'serve' : 'go'}`);
    const settled = () => {
      this.#waiting -= 1;
    };
    this.#waiting += 1;
    if (what < 0.8) this.#manager.whenAvailable(name, version, caller.signal).then(settled, settled);
    else this.#manager.whenGone(name, version, caller.signal).then(settled, settled);
    return true;
  }

  /** From now on everything goes well; in the end what is wanted serves, and nothing else. */
  async #calm(): Promise<void> {
    this.#say('all goes well');
    const wanted = NAMES.flatMap((name) => this.#wishes.wanted(name).map((version) => keyOf({ name, version })));
    const atRest = () =>
      this.#invariants.served().join() === wanted.join() &&
      !this.#versions.some(({ state }) => state === 'loading' || state === 'retiring');
    for (const handle of this.#handles.splice(0)) handle.release();
    for (let round = 0; round < MOST_ROUNDS && !atRest() && this.broken.length === 0; round += 1) {
      const before = this.#invariants.served();
      const fetches = this.#fetches.filter(({ open }) => open);
      const moving = this.#versions.filter(({ state }) => state === 'loading' || state === 'retiring');
      for (const fetch of fetches) fetch.succeed();
      for (const one of moving) {
        if (one.state === 'loading') one.succeed();
        one.finish();
      }
      if (fetches.length + moving.length > 0) await settle();
      else await this.#clock.advance(LONG_MS); // Only tries that are not due yet are left.
      this.#invariants.check(before);
    }
    if (!atRest()) this.broken.push(`in the end ${this.#invariants.served()} serve, not ${wanted}`);
  }

  async #close(): Promise<void> {
    this.#say('the gateway stops');
    const closed = this.#manager.close();
    // Fetches that ignore their abort are left behind after a while.
    await this.#clock.advance(GRACE_MS);
    await closed;
    if (this.#waiting > 0) this.broken.push(`${this.#waiting} callers wait for ever`);
    if (this.#clock.pending > 0) this.broken.push(`${this.#clock.pending} timers are left`);
    if (this.#manager.pids.length > 0 || this.#versions.some(({ state }) => state !== 'ended' && state !== 'new'))
      this.broken.push('something runs after the end');
  }
}
