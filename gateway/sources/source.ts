/**
 * What a source of model versions is: it emits the full list of versions that it wants served, again after each
 * change. A version missing from the list is to be unloaded. Types only.
 */
import type { SourceKind, SourceStatus } from '../../core/admin.ts';
import type { Manifest } from '../../core/manifest.ts';

export interface FetchProgress {
  readonly loadedBytes: number;
  /** 0 while not known. */
  readonly totalBytes: number;
}

export interface FetchOptions {
  readonly signal: AbortSignal;
  onProgress(progress: FetchProgress): void;
}

/** A package on this machine's disk; its files are verified when it is loaded. */
export interface PackageOnDisk {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** One version that a source wants served. */
export interface Aspired {
  readonly name: string;
  readonly version: number;
  /** Name of the source. */
  readonly source: string;
  /** Another text when the content of the same version changed: one that failed is then tried again at once. */
  readonly fingerprint: string;
  /** Undefined until it was fetched once, where the source can't tell before. */
  readonly manifest: Manifest | undefined;
  /**
   * Why an operator can't remove it here, and what to do instead. Undefined: its files are below the gateway's own data
   * folder and nothing brings them back; `fetch` only tells where they are.
   */
  readonly irremovable: string | undefined;
  /** Brings the package onto this disk; at once when it is there. Rejects with a TwinlensError. */
  fetch(options: FetchOptions): Promise<PackageOnDisk>;
}

export interface SourceSnapshot {
  readonly aspired: readonly Aspired[];
  readonly status: SourceStatus;
}

export interface Source {
  readonly name: string;
  readonly kind: SourceKind;
  /** The latest; `aspired` is empty before the first check. */
  readonly snapshot: SourceSnapshot;
  /** Calls back after every change of `snapshot`; returns the way to stop. */
  subscribe(listener: () => void): () => void;
  /** Begins; resolves after the first check, also when that failed (its status says so). */
  start(): Promise<void>;
  /** Checks at once; resolves when done. Never rejects: `snapshot.status.error` tells. */
  check(): Promise<void>;
  /** The models to be kept current, for sources that offer more than they serve; others ignore it. */
  follow(models: readonly string[]): void;
  close(): Promise<void>;
}
