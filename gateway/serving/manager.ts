/**
 * The manager: carries out what the policy says, one action a model at a time, and hands out handles.
 * Guarantees that a version is available only after its load resolved, that a failed load changes nothing that
 * serves, and that a version with open handles ends only when the manager does. Versions are immutable: one that
 * serves is not loaded again when its source changes it. Knows no label, no source's kind, no disk and no socket.
 */
import { type ErrorBody, TwinlensError, toErrorBody } from '../../core/errors.ts';
import type { Clock } from '../scheduling/index.ts';
import type { Aspired, PackageOnDisk } from '../sources/index.ts';
import { retryPause } from './backoff.ts';
import { type Entry, snapshotOf, statusOf } from './entry.ts';
import type { Choice, Lifecycle, LifecycleEvent, VersionStatus } from './lifecycle.ts';
import type { Loadable } from './loadable.ts';
import { bring, newLoading } from './loading.ts';
import { nextAction, type PolicyOptions } from './policy.ts';
import type { Handle } from './servable.ts';
import { Versions } from './versions.ts';
import { type Verdict, Waiters } from './waiters.ts';

export interface ManagerOptions {
  readonly swap: PolicyOptions['swap'];
  readonly clock: Clock;
  /** 0..1, evenly. */
  readonly random: () => number;
  readonly make: (found: PackageOnDisk) => Loadable;
  readonly onLoaded?: (status: VersionStatus) => void;
  readonly onFailed?: (entry: { name: string; version: number; error: ErrorBody; retryMs: number }) => void;
  /** The source changed the content of a version that serves: it goes on as it is. */
  readonly onIgnored?: (aspired: Aspired) => void;
}

/** More would fight with each other, and with what serves, for cores and memory. */
const MAX_LOADS = 2;

export class ModelManager implements Lifecycle {
  readonly #options: ManagerOptions;
  readonly #versions = new Versions();
  readonly #waiters = new Waiters();
  readonly #listeners = new Set<(event: LifecycleEvent) => void>();
  /** Loads and unloads that have not ended. */
  readonly #underWay = new Set<Promise<void>>();
  #choice: (name: string, known: readonly number[]) => Choice = (_, known) => ({
    wanted: new Set(known),
    forced: new Set(),
  });
  #acting = false;
  #closed = false;

  constructor(options: ManagerOptions) {
    this.#options = options;
  }

  offer(list: readonly Aspired[]): void {
    if (this.#closed) return;
    const changed = new Set<string>();
    const offered = new Set<Entry>();
    for (const aspired of list) {
      const { name, version } = aspired;
      const known = this.#versions.find(name, version);
      if (known && offered.has(known)) continue; // The first source that has it is the one that counts.
      if (!known || this.#update(known, aspired)) changed.add(name);
      offered.add(known ?? this.#versions.add(aspired));
    }
    for (const entry of this.#versions.all) {
      if (offered.has(entry) || !entry.listed) continue;
      entry.listed = false;
      changed.add(entry.name);
    }
    this.#decide();
    for (const name of changed) this.#emit({ kind: 'changed', name });
    this.#act();
  }

  choose(choice: (name: string, known: readonly number[]) => Choice): void {
    this.#choice = choice;
    this.reconsider();
  }

  reconsider(): void {
    if (this.#closed) return;
    this.#decide();
    this.#act();
  }

  retry(name: string, version: number): void {
    const entry = this.#versions.find(name, version);
    if (!entry || this.#closed) return;
    this.#makeDue(entry);
    this.#act();
  }

  get names(): readonly string[] {
    return this.#versions.names;
  }

  statuses(name: string): readonly VersionStatus[] {
    return this.#versions.of(name).map(statusOf);
  }

  available(name: string): readonly number[] {
    const versions: number[] = [];
    for (const { version, phase } of this.#versions.of(name)) {
      if (phase.state === 'available') versions.push(version);
    }
    return versions;
  }

  acquire(name: string, version: number): Handle | undefined {
    const phase = this.#versions.find(name, version)?.phase;
    return phase?.state === 'available' && !this.#closed ? phase.serving.acquire() : undefined;
  }

  whenAvailable(name: string, version: number, signal?: AbortSignal): Promise<void> {
    return this.#waiters.wait((): Verdict => {
      const entry = this.#versions.find(name, version);
      if (entry?.phase.state === 'available') return 'reached';
      if (!entry?.wanted) return new TwinlensError('MODEL_NOT_FOUND', `${name}@${version} is not to be served.`);
      if (entry.phase.state !== 'failed' || entry.phase.due) return 'waiting';
      const { code, message } = entry.phase.error;
      return new TwinlensError(code, message);
    }, signal);
  }

  whenGone(name: string, version: number, signal?: AbortSignal): Promise<void> {
    return this.#waiters.wait((): Verdict => {
      const state = this.#versions.find(name, version)?.phase.state;
      return state === undefined || state === 'idle' || state === 'failed' ? 'reached' : 'waiting';
    }, signal);
  }

  subscribe(listener: (event: LifecycleEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get pids(): readonly number[] {
    return this.#versions.all.flatMap(({ phase }) => ('serving' in phase && phase.serving ? phase.serving.pids : []));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiters.end(new TwinlensError('DRAINING', 'The gateway is stopping; ask again in a moment.'));
    const ended: (Promise<void> | undefined)[] = [];
    for (const { phase } of this.#versions.all) {
      if (phase.state === 'failed') phase.stopTimer();
      if (phase.state === 'loading') phase.abort.abort();
      if ('serving' in phase) ended.push(phase.serving?.close());
    }
    await Promise.all([...ended, ...this.#underWay]);
  }

  #emit(event: LifecycleEvent): void {
    if (this.#closed) return;
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Takes over what the source says of a known version now; tells whether that is something new. */
  #update(entry: Entry, aspired: Aspired): boolean {
    const { aspired: before, phase } = entry;
    const news = !entry.listed || before.fingerprint !== aspired.fingerprint || before.source !== aspired.source;
    entry.aspired = aspired;
    entry.listed = true;
    if (before.fingerprint === aspired.fingerprint) return news;
    // What was fetched is shown only while it is what serves.
    if (phase.state !== 'available' && phase.state !== 'unloading') entry.onDisk = undefined;
    if (phase.state === 'failed') this.#makeDue(entry);
    // Half of the old content and half of the new one make no version.
    if (phase.state === 'loading' && phase.fingerprint !== aspired.fingerprint) phase.abort.abort();
    if (phase.state === 'available' && phase.fingerprint !== aspired.fingerprint) this.#options.onIgnored?.(aspired);
    return news;
  }

  #makeDue(entry: Entry): void {
    entry.failures = 0;
    if (entry.phase.state !== 'failed') return;
    entry.phase.stopTimer();
    entry.phase.due = true;
  }

  /** Asks for every model what is to be served, and gives up at once what is loading in vain. Tells only who waits. */
  #decide(): void {
    for (const name of this.#versions.names) {
      const entries = this.#versions.of(name);
      const known = entries.filter(({ listed }) => listed).map(({ version }) => version);
      const { wanted, forced } = this.#choice(name, known);
      for (const entry of entries) {
        entry.forced = forced.has(entry.version);
        entry.wanted = entry.listed && !entry.forced && wanted.has(entry.version);
        if (entry.phase.state === 'loading' && !entry.wanted) entry.phase.abort.abort();
      }
    }
    this.#versions.forget();
    this.#waiters.look();
  }

  /** Begins whatever the policy names until it names nothing. Listeners may lead back here: the loop goes on for them. */
  #act(): void {
    if (this.#acting) return;
    this.#acting = true;
    try {
      while (!this.#closed) {
        const action = nextAction(this.#versions.all.map(snapshotOf), {
          swap: this.#options.swap,
          maxLoads: MAX_LOADS,
        });
        const entry = action && this.#versions.find(action.name, action.version);
        if (!action || !entry) break;
        const work = action.kind === 'load' ? this.#load(entry) : this.#unload(entry);
        this.#underWay.add(work);
        void work.then(() => this.#underWay.delete(work));
      }
    } finally {
      this.#acting = false;
    }
  }

  /** An action has ended and its version's state is set: who waits hears of it, and the next one begins. */
  #ended(event: LifecycleEvent): void {
    if (this.#closed) return;
    this.#decide();
    this.#emit(event);
    this.#act();
  }

  async #load(entry: Entry): Promise<void> {
    const { name, version, aspired } = entry;
    const { clock, make } = this.#options;
    const begun = clock.now();
    const phase = newLoading(aspired.fingerprint);
    const onChange = () => this.#emit({ kind: 'changed', name });
    entry.phase = phase;
    onChange();
    let serving: Loadable;
    try {
      serving = await bring(entry, phase, { clock, make, onChange });
    } catch (error) {
      // Whatever is left of it: it has no requests, and must not stay beside the next try.
      await phase.serving?.close();
      if (phase.abort.signal.aborted) {
        entry.phase = { state: 'idle' };
        this.#ended({ kind: 'changed', name });
      } else this.#fail(entry, toErrorBody(error));
      return;
    }
    entry.failures = 0;
    entry.phase = { state: 'available', serving, fingerprint: phase.fingerprint, loadMs: clock.now() - begun };
    this.#options.onLoaded?.(statusOf(entry));
    this.#ended({ kind: 'available', name, version });
  }

  #fail(entry: Entry, error: ErrorBody): void {
    if (this.#closed) return;
    const { name, version } = entry;
    const { clock, random } = this.#options;
    entry.failures += 1;
    const retryMs = retryPause(entry.failures, random());
    const stopTimer = clock.after(retryMs, () => {
      if (entry.phase.state !== 'failed') return;
      entry.phase.due = true;
      this.#act();
    });
    entry.phase = { state: 'failed', error, retryAt: clock.now() + retryMs, stopTimer, due: false };
    this.#options.onFailed?.({ name, version, error, retryMs });
    this.#ended({ kind: 'failed', name, version, error });
  }

  async #unload(entry: Entry): Promise<void> {
    const { name, version, phase } = entry;
    if (phase.state !== 'available') return;
    const { serving } = phase;
    entry.phase = { state: 'unloading', serving };
    this.#emit({ kind: 'changed', name });
    await serving.retire();
    entry.phase = { state: 'idle' };
    this.#ended({ kind: 'retired', name, version });
  }
}
