/**
 * All sources together: what they offer goes to the lifecycle as one list, and operators check and follow through
 * here. Journals which versions came and went while the gateway runs; tells the log what is wrong with a source.
 */
import type { SourceStatus } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { type Aspired, mergeAspired, type Source } from '../sources/index.ts';
import type { Journal } from './journal.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ServingLog } from './log.ts';
import { SourceLog } from './source-log.ts';
import type { StateStore } from './state-store.ts';
import { unlisted } from './unlisted.ts';

export interface SourceDeskOptions {
  /** In the order of their rank: of two that have the same version, the first provides it. */
  readonly sources: readonly Source[];
  readonly lifecycle: Lifecycle;
  readonly store: StateStore;
  readonly journal: Journal;
  readonly log: ServingLog;
  /** Models of catalogues that the configuration follows. */
  readonly configured: readonly string[];
}

/** Models that operators may follow, over all sources. */
const MAX_FOLLOWS = 1000;

const UNLISTED =
  'TWINLENS_FOLLOW names it, but no catalogue lists it; correct the name, or add the catalogue that has it.';

const nameOf = ({ name, version }: Aspired): string => `${name}@${version}`;

export class SourceDesk {
  readonly #options: SourceDeskOptions;
  readonly #sourceLog: SourceLog;
  /** What each source had last, once its first check is over. */
  readonly #had = new Map<Source, ReadonlyMap<string, Aspired>>();
  /** Unlisted models that the log was told of. */
  readonly #told = new Set<string>();
  #closed = false;

  constructor(options: SourceDeskOptions) {
    this.#options = options;
    this.#sourceLog = new SourceLog(options.log);
  }

  /** Begins with all; resolves when the folders have been read: other sources may take their time. */
  async start(): Promise<void> {
    const slow: Source[] = [];
    const quick: Promise<void>[] = [];
    for (const source of this.#options.sources) {
      source.follow(this.#followed(source));
      source.subscribe(() => this.#changed(source));
      if (source.kind === 'folder') quick.push(this.#begin(source));
      else slow.push(source);
    }
    for (const source of slow) void this.#begin(source);
    await Promise.all(quick);
    this.#offer();
  }

  statuses(): readonly SourceStatus[] {
    return this.#options.sources.map((source) => this.#status(source));
  }

  async check(name: string): Promise<SourceStatus> {
    const source = this.#find(name);
    await source.check();
    return this.#status(source);
  }

  /** Looks into the folders at once. */
  async published(): Promise<void> {
    await Promise.all(this.#options.sources.filter(({ kind }) => kind === 'folder').map((source) => source.check()));
  }

  async follow(name: string, model: string, actor: string): Promise<void> {
    const source = this.#find(name);
    if (!source.snapshot.status.offers.some((offer) => offer.model === model)) {
      throw new TwinlensError('NOT_FOUND', `${name} offers no model ${model}; check it, and see what it offers.`);
    }
    if (this.#followed(source).includes(model)) return;
    const { journal } = this.#options;
    const detail = `${model} is fetched from ${name}, served and kept current.`;
    await journal.write({ actor, action: 'follow', model, detail }, (state) => {
      if (state.follows.length >= MAX_FOLLOWS) {
        throw new TwinlensError('CONFLICT', `${MAX_FOLLOWS} models are followed already; let go of one first.`);
      }
      return { ...state, follows: [...state.follows, { source: name, model }] };
    });
    source.follow(this.#followed(source));
  }

  async unfollow(name: string, model: string, actor: string): Promise<void> {
    const source = this.#find(name);
    const { journal, store } = this.#options;
    const is = (follow: { source: string; model: string }) => follow.source === name && follow.model === model;
    if (!store.state.follows.some(is)) {
      const why = this.#followed(source).includes(model)
        ? new TwinlensError('CONFLICT', `${model} is followed by TWINLENS_FOLLOW; take it out there.`)
        : new TwinlensError('NOT_FOUND', `${model} of ${name} is not followed.`);
      throw why;
    }
    const detail = `${model} is not served from ${name} any more.`;
    await journal.write({ actor, action: 'unfollow', model, detail }, (state) => ({
      ...state,
      follows: state.follows.filter((follow) => !is(follow)),
    }));
    source.follow(this.#followed(source));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#options.sources.map((source) => source.close()));
  }

  /** Throws NOT_FOUND. */
  #find(name: string): Source {
    const source = this.#options.sources.find((one) => one.name === name);
    if (source) return source;
    throw new TwinlensError('NOT_FOUND', `There is no source ${name}; GET /v1/admin lists them.`);
  }

  #followed({ name, kind }: Source): string[] {
    const { store, configured } = this.#options;
    const chosen = store.state.follows.filter(({ source }) => source === name).map(({ model }) => model);
    return [...new Set([...(kind === 'catalogue' ? configured : []), ...chosen])];
  }

  async #begin(source: Source): Promise<void> {
    await source.start();
    // What was there at the start is no news.
    this.#had.set(source, this.#has(source));
    this.#changed(source);
  }

  #has({ snapshot }: Source): ReadonlyMap<string, Aspired> {
    return new Map(snapshot.aspired.map((aspired) => [nameOf(aspired), aspired]));
  }

  #changed(source: Source): void {
    if (this.#closed) return;
    this.#sourceLog.tell(this.#status(source));
    this.#tellUnlisted();
    const before = this.#had.get(source);
    if (before) this.#tellNews(source, before);
    // Also before the first check is over: what was kept of a network that is away can serve.
    this.#offer();
  }

  #tellNews(source: Source, before: ReadonlyMap<string, Aspired>): void {
    const after = this.#has(source);
    this.#had.set(source, after);
    for (const [what, { name: model, version }] of after) {
      if (before.has(what)) continue;
      const detail = `${source.name} has a new version, ${what}.`;
      void this.#options.journal.record({ actor: source.name, action: 'version-found', model, version, detail });
    }
    for (const [what, { name: model, version }] of before) {
      if (after.has(what)) continue;
      const detail = `${source.name} has ${what} no more.`;
      void this.#options.journal.record({ actor: source.name, action: 'version-gone', model, version, detail });
    }
  }

  #merged() {
    return mergeAspired(this.#options.sources.map(({ snapshot }) => snapshot));
  }

  #offer(): void {
    this.#options.lifecycle.offer(this.#merged().aspired);
  }

  /** What the source says of itself, and what of the configuration does not fit it. */
  #status(source: Source): SourceStatus {
    const { status } = source.snapshot;
    const missing = source.kind === 'catalogue' ? this.#unlisted() : [];
    return { ...status, refused: [...this.#refused(source), ...missing.map((what) => ({ what, reason: UNLISTED }))] };
  }

  /** What it refuses, and which of its versions another source has already. */
  #refused({ name, snapshot: { status } }: Source): SourceStatus['refused'] {
    const twice = this.#merged().refused.filter(({ source }) => source === name);
    return [...status.refused, ...twice.map(({ what, reason }) => ({ what, reason }))];
  }

  #unlisted(): readonly string[] {
    const { sources, configured } = this.#options;
    return unlisted(
      configured,
      sources.map(({ snapshot }) => snapshot.status),
    );
  }

  #tellUnlisted(): void {
    for (const model of this.#unlisted()) {
      if (this.#told.has(model)) continue;
      this.#told.add(model);
      this.#options.log.warn({ event_type: 'follow_unlisted', model }, `${model} is not followed: ${UNLISTED}`);
    }
  }
}
