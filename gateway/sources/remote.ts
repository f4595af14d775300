/**
 * A source elsewhere on the network: asks it on a schedule what it has, keeps the last list, and fetches versions into
 * the cache when they are to be served. What one certain kind of source answers is the business of its `Remote`.
 */
import type { SourceKind, SourceStatus } from '../../core/admin.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { ImportInput } from '../packages/index.ts';
import type { Clock } from '../scheduling/index.ts';
import { Bulletin } from './bulletin.ts';
import type { KeptListing } from './kept-listing.ts';
import type { CacheKey, PackageCache, Workplace } from './package-cache.ts';
import { Schedule } from './schedule.ts';
import type { Aspired, FetchOptions, PackageOnDisk, Source, SourceSnapshot } from './source.ts';

export interface RemoteVersion extends CacheKey {
  /** What an operator chooses by; undefined where every version is served anyway. */
  readonly offer: { readonly title: string; readonly licence: string; readonly bytes: number } | undefined;
  /** Brings what is to be imported into the workplace. */
  gather(workplace: Workplace, options: FetchOptions): Promise<ImportInput>;
}

export interface Listing {
  readonly versions: readonly RemoteVersion[];
  readonly refused: SourceStatus['refused'];
}

export interface Remote {
  readonly kind: SourceKind;
  /** Its address, without secrets. */
  readonly location: string;
  /** What an operator does so that a model is kept current no more. */
  readonly toStop: string;
  /** What was kept of the last answer; undefined when that is of another place or can't be read. */
  restore(kept: unknown): Listing | undefined;
  /** What it has now, and what to keep of it; undefined when nothing changed since. Rejects with a TwinlensError. */
  ask(signal: AbortSignal): Promise<{ readonly listing: Listing; readonly keep: unknown } | undefined>;
}

export interface RemoteSourceOptions {
  readonly name: string;
  readonly remote: Remote;
  /** Undefined where the gateway keeps nothing: then nothing can be fetched. */
  readonly disk: { readonly cache: PackageCache; readonly kept: KeptListing } | undefined;
  /** Models that are followed whatever operators choose. */
  readonly follow: readonly string[];
  readonly checkMs: number;
  readonly clock: Clock;
  readonly now: () => number;
  readonly random: () => number;
  readonly onNote: (note: string) => void;
}

const JITTER = 0.1;
/** Milliseconds to the next check after one that failed. */
const RETRY_MS = 60_000;

const keyOf = ({ name, version, fingerprint }: CacheKey) => `${name}@${version} ${fingerprint}`;

export class RemoteSource implements Source {
  readonly kind: SourceKind;
  readonly #options: RemoteSourceOptions;
  readonly #schedule: Schedule;
  readonly #bulletin: Bulletin;
  readonly #onDisk = new Map<string, PackageOnDisk>();
  #listing: Listing = { versions: [], refused: [] };
  #followed: ReadonlySet<string>;
  #error: string | undefined;

  constructor(options: RemoteSourceOptions) {
    const { remote, checkMs, clock, now, random } = options;
    this.#options = options;
    this.kind = remote.kind;
    this.#followed = new Set(options.follow);
    this.#schedule = new Schedule({
      intervalMs: checkMs,
      jitter: JITTER,
      retryMs: RETRY_MS,
      whileRunning: 'join',
      clock,
      now,
      random,
      check: (signal) => this.#ask(signal),
      onChange: () => this.#post(),
    });
    this.#bulletin = new Bulletin(this.#state());
  }

  get name(): string {
    return this.#options.name;
  }

  get snapshot(): SourceSnapshot {
    return this.#bulletin.snapshot;
  }

  subscribe(listener: () => void): () => void {
    return this.#bulletin.subscribe(listener);
  }

  /** What was kept is there before the first check ends, so that nothing waits for a network that may be away. */
  async start(): Promise<void> {
    await this.#restore();
    await this.#schedule.check();
  }

  check(): Promise<void> {
    return this.#schedule.check();
  }

  follow(models: readonly string[]): void {
    this.#followed = new Set([...this.#options.follow, ...models]);
    this.#post();
  }

  close(): Promise<void> {
    return this.#schedule.close();
  }

  async #restore(): Promise<void> {
    const { disk, remote, onNote } = this.#options;
    if (!disk) return;
    try {
      const listing = remote.restore(await disk.kept.read());
      if (!listing) return;
      await disk.cache.tidy(listing.versions.filter((version) => this.#follows(version)));
      await this.#take(listing);
    } catch (error) {
      onNote(`What was kept of ${remote.location} can't be used: ${asTwinlensError(error).message}`);
    }
  }

  /** Resolves with whether the other end could be asked. */
  async #ask(signal: AbortSignal): Promise<boolean> {
    const { disk, remote, onNote } = this.#options;
    try {
      const answer = await remote.ask(signal);
      if (answer) await this.#take(answer.listing);
      this.#error = undefined;
      if (answer) await disk?.kept.write(answer.keep).catch((error: unknown) => onNote(asTwinlensError(error).message));
      return true;
    } catch (error) {
      if (!signal.aborted) this.#error = asTwinlensError(error).message;
      return false;
    }
  }

  async #take(listing: Listing): Promise<void> {
    for (const version of listing.versions) {
      const found = await this.#options.disk?.cache.find(version);
      if (found) this.#onDisk.set(keyOf(version), found);
      else this.#onDisk.delete(keyOf(version));
    }
    this.#listing = listing;
    this.#post();
  }

  #post(): void {
    this.#bulletin.post(this.#state());
  }

  #state(): SourceSnapshot {
    const { name, remote } = this.#options;
    const { versions, refused } = this.#listing;
    return {
      aspired: versions.filter((version) => this.#follows(version)).map((version) => this.#aspire(version)),
      status: {
        name,
        kind: remote.kind,
        location: remote.location,
        checking: this.#schedule.checking,
        lastCheckAt: this.#schedule.lastCheckAt,
        nextCheckAt: this.#schedule.nextCheckAt,
        error: this.#error,
        refused,
        offers: versions.flatMap(({ name: model, version, offer }) =>
          offer ? [{ model, version, ...offer, followed: this.#followed.has(model) }] : [],
        ),
      },
    };
  }

  #follows({ name, offer }: RemoteVersion): boolean {
    return offer === undefined || this.#followed.has(name);
  }

  #aspire(version: RemoteVersion): Aspired {
    const { name, remote } = this.#options;
    return {
      name: version.name,
      version: version.version,
      source: name,
      fingerprint: version.fingerprint,
      manifest: this.#onDisk.get(keyOf(version))?.manifest,
      irremovable: `${name} keeps it current and would fetch it again; ${remote.toStop}, or unload the version`,
      fetch: (options) => this.#fetch(version, options),
    };
  }

  async #fetch(version: RemoteVersion, options: FetchOptions): Promise<PackageOnDisk> {
    const { disk, name } = this.#options;
    if (!disk) {
      const why = 'this gateway keeps nothing; set TWINLENS_DATA to a folder of its own';
      throw new TwinlensError(
        'UNAVAILABLE',
        `${version.name}@${version.version} can't be fetched from ${name}: ${why}.`,
      );
    }
    const gather = (workplace: Workplace) => version.gather(workplace, options);
    const found = await disk.cache.fetch(version, gather, options.signal);
    this.#onDisk.set(keyOf(version), found);
    this.#post();
    return found;
  }
}
