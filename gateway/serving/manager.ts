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
import { type Entry, type Loading, newEntry, snapshotOf, statusOf } from './entry.ts';
import { fetchPackage } from './fetching.ts';
import type { Choice, Lifecycle, LifecycleEvent, VersionStatus } from './lifecycle.ts';
import type { Loadable } from './loadable.ts';
import { nextAction, type PolicyOptions } from './policy.ts';
import type { Handle } from './servable.ts';
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
/** Milliseconds between two events about the progress of one fetch. */
const PROGRESS_MS = 250;

export class ModelManager implements Lifecycle {
  readonly #options: ManagerOptions;
  /** Versions by model, ascending. */
  readonly #models = new Map<string, Entry[]>();
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
      let entry = this.#find(name, version);
      if (entry && offered.has(entry)) continue; // The first source that has it is the one that counts.
      if (!entry) {
        entry = newEntry(aspired);
        this.#models.set(
          name,
          [...(this.#models.get(name) ?? []), entry].sort((a, b) => a.version - b.version),
        );
        changed.add(name);
      }
      offered.add(entry);
      if (this.#update(entry, aspired)) changed.add(name);
    }
    for (const entry of this.#entries()) {
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
    const entry = this.#find(name, version);
    if (!entry || this.#closed) return;
    this.#makeDue(entry);
    this.#act();
  }

  get names(): readonly string[] {
    return [...this.#models.keys()].sort();
  }

  statuses(name: string): readonly VersionStatus[] {
    return (this.#models.get(name) ?? []).map(statusOf);
  }

  available(name: string): readonly number[] {
    const versions: number[] = [];
    for (const { version, phase } of this.#models.get(name) ?? []) {
      if (phase.state === 'available') versions.push(version);
    }
    return versions;
  }

  acquire(name: string, version: number): Handle | undefined {
    const phase = this.#find(name, version)?.phase;
    return phase?.state === 'available' && !this.#closed ? phase.serving.acquire() : undefined;
  }

  whenAvailable(name: string, version: number, signal?: AbortSignal): Promise<void> {
    return this.#waiters.wait((): Verdict => {
      const entry = this.#find(name, version);
      if (entry?.phase.state === 'available') return 'reached';
      if (!entry?.wanted) return new TwinlensError('MODEL_NOT_FOUND', `${name}@${version} is not to be served.`);
      if (entry.phase.state !== 'failed' || entry.phase.due) return 'waiting';
      const { code, message } = entry.phase.error;
      return new TwinlensError(code, message);
    }, signal);
  }

  whenGone(name: string, version: number, signal?: AbortSignal): Promise<void> {
    return this.#waiters.wait((): Verdict => {
      const state = this.#find(name, version)?.phase.state;
      return state === undefined || state === 'idle' || state === 'failed' ? 'reached' : 'waiting';
    }, signal);
  }

  subscribe(listener: (event: LifecycleEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get pids(): readonly number[] {
    return this.#entries().flatMap(({ phase }) => ('serving' in phase && phase.serving ? phase.serving.pids : []));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiters.end(new TwinlensError('DRAINING', 'The gateway is stopping; ask again in a moment.'));
    const ended: (Promise<void> | undefined)[] = [];
    for (const { phase } of this.#entries()) {
      if (phase.state === 'failed') phase.stopTimer();
      if (phase.state === 'loading') phase.abort.abort();
      if ('serving' in phase) ended.push(phase.serving?.close());
    }
    await Promise.all([...ended, ...this.#underWay]);
  }

  #entries(): Entry[] {
    return [...this.#models.values()].flat();
  }

  #find(name: string, version: number): Entry | undefined {
    return this.#models.get(name)?.find((entry) => entry.version === version);
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
    for (const [name, entries] of this.#models) {
      const known = entries.filter(({ listed }) => listed).map(({ version }) => version);
      const { wanted, forced } = this.#choice(name, known);
      for (const entry of entries) {
        entry.forced = forced.has(entry.version);
        entry.wanted = entry.listed && !entry.forced && wanted.has(entry.version);
        if (entry.phase.state === 'loading' && !entry.wanted) entry.phase.abort.abort();
      }
      this.#forget(name, entries);
    }
    this.#waiters.look();
  }

  /** Drops versions that no source has and that hold nothing. */
  #forget(name: string, entries: readonly Entry[]): void {
    const kept = entries.filter(({ listed, phase }) => {
      const holds = phase.state !== 'idle' && phase.state !== 'failed';
      if (!listed && phase.state === 'failed') phase.stopTimer();
      return listed || holds;
    });
    if (kept.length === 0) this.#models.delete(name);
    else if (kept.length < entries.length) this.#models.set(name, kept);
  }

  /** Begins whatever the policy names until it names nothing. Listeners may lead back here: the loop goes on for them. */
  #act(): void {
    if (this.#acting) return;
    this.#acting = true;
    try {
      while (!this.#closed) {
        const action = nextAction(this.#entries().map(snapshotOf), { swap: this.#options.swap, maxLoads: MAX_LOADS });
        const entry = action && this.#find(action.name, action.version);
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
    const { clock } = this.#options;
    const begun = clock.now();
    const phase: Loading = {
      state: 'loading',
      abort: new AbortController(),
      fingerprint: aspired.fingerprint,
      stage: 'fetch',
      progress: undefined,
      serving: undefined,
    };
    entry.phase = phase;
    this.#emit({ kind: 'changed', name });
    let serving: Loadable;
    try {
      serving = await this.#bring(entry, phase);
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

  /** Resolves with the version once it can answer. Rejects with the reason, or when the load is aborted. */
  async #bring(entry: Entry, phase: Loading): Promise<Loadable> {
    const { clock, make } = this.#options;
    const { name } = entry;
    const { signal } = phase.abort;
    let told = Number.NEGATIVE_INFINITY;
    const found = await fetchPackage(entry.aspired, {
      clock,
      signal,
      onProgress: (progress) => {
        phase.progress = progress;
        if (clock.now() - told < PROGRESS_MS) return;
        told = clock.now();
        this.#emit({ kind: 'changed', name });
      },
    });
    signal.throwIfAborted();
    entry.onDisk = found;
    const serving = make(found);
    phase.serving = serving;
    // Ends the load at once: it rejects.
    const stop = () => void serving.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await serving.load((stage) => {
        if (phase.stage === stage) return;
        phase.stage = stage;
        this.#emit({ kind: 'changed', name });
      });
    } finally {
      signal.removeEventListener('abort', stop);
    }
    signal.throwIfAborted();
    return serving;
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
