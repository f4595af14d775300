/**
 * What an operator can do with the models, as the admin API and the command line see it. Types only. Every
 * call that changes something writes it to disk, with its journal entry, before it takes effect; rejects with
 * UNAVAILABLE, and changes nothing, where the disk refuses.
 */
import type { AdminModel, CanaryLimits, JournalEntry, SourceStatus, VersionPolicy } from '../../core/admin.ts';

export interface CanaryRequest {
  readonly version: number;
  readonly share: number;
  readonly shadow?: number | undefined;
  readonly limits?: Partial<CanaryLimits> | undefined;
}

export interface ModelOperations {
  models(): readonly AdminModel[];
  /** Throws MODEL_NOT_FOUND. */
  model(name: string): AdminModel;
  /** Resolves when the version is available; rejects with its reason when it fails. */
  load(name: string, version: number, actor: string): Promise<void>;
  /** Also the last one: the operator says so. Resolves when its instances are gone. CONFLICT while a label names it. */
  unload(name: string, version: number, actor: string): Promise<void>;
  /** Moves `stable` to `version`, or to the canary's; loads it first where needed; ends the canary. */
  promote(name: string, version: number | undefined, actor: string): Promise<void>;
  /** Moves `stable` back to the version that had it before. CONFLICT when there is none. */
  rollback(name: string, actor: string): Promise<void>;
  /** `stable` follows the newest version again. */
  followNewest(name: string, actor: string): Promise<void>;
  /** A label moves only to an available version: it is loaded first. */
  setLabel(name: string, label: string, version: number, actor: string): Promise<void>;
  removeLabel(name: string, label: string, actor: string): Promise<void>;
  setPolicy(name: string, policy: VersionPolicy, actor: string): Promise<void>;
  /** Begins or changes a canary; `stable` is pinned where it is. */
  setCanary(name: string, request: CanaryRequest, actor: string): Promise<void>;
  endCanary(name: string, actor: string): Promise<void>;
  /** Keeps `stable` where it is when a newer version comes. */
  hold(name: string, actor: string): Promise<void>;
  /** Unloads the version and deletes its files. CONFLICT while a label names it or where they are not ours. */
  remove(name: string, version: number, actor: string): Promise<void>;

  sources(): readonly SourceStatus[];
  /** Checks a source at once; resolves with what it found. Throws NOT_FOUND. */
  check(source: string): Promise<SourceStatus>;
  /** Fetches the model from the source, serves it and keeps it current. */
  follow(source: string, model: string, actor: string): Promise<void>;
  unfollow(source: string, model: string, actor: string): Promise<void>;

  /** Newest first. @param before milliseconds since 1970; entries older than it */
  journal(limit: number, before?: number): readonly JournalEntry[];
  /** Writes an entry of what happened elsewhere (an import was published). */
  note(entry: Omit<JournalEntry, 'at'>): Promise<void>;
  /** The version that a new package of `name` gets by default: one above the highest known. */
  nextVersion(name: string): number;
  /** Looks for new versions at once, after a package was published into the data folder. */
  published(): Promise<void>;
  /** Asks the disk again, where it refused last. Never rejects; `readOnly` tells how it went. */
  recheckDisk(): Promise<void>;
  /** Why nothing can be kept, if so. */
  readonly readOnly: string | undefined;
}
