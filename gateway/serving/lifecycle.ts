/**
 * What the manager of versions offers to the rest of serving. Types only. The manager knows no labels, no canaries and
 * no disk: it brings the versions that are wanted to `available` and the others away, in the policy's order.
 */
import type { LoadStage } from '../../core/admin.ts';
import type { Provider } from '../../core/engine.ts';
import type { ErrorBody } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Aspired, FetchProgress } from '../sources/index.ts';
import type { VersionState } from './policy.ts';
import type { Handle } from './servable.ts';

/** One known version as it is now. */
export interface VersionStatus {
  readonly aspired: Aspired;
  readonly name: string;
  readonly version: number;
  readonly state: VersionState;
  /** Chosen to be served. */
  readonly wanted: boolean;
  /** Of a version that loads. */
  readonly stage: LoadStage | undefined;
  readonly progress: FetchProgress | undefined;
  /** Of a version that failed; `retryAt` on the manager's clock. */
  readonly error: ErrorBody | undefined;
  readonly retryAt: number | undefined;
  /** As soon as it is known. */
  readonly manifest: Manifest | undefined;
  /** Folder of its package, once it is on this disk. */
  readonly folder: string | undefined;
  /** Of an available version. */
  readonly provider: Provider | undefined;
  readonly instances: number;
  /** Of ONNX Runtime in each, of an available version. */
  readonly threads: number | undefined;
  /** An instance runs: false while the last dead one is being replaced. */
  readonly alive: boolean;
  /** Resident memory of each instance. */
  readonly memoryBytes: readonly number[];
  readonly loadMs: number | undefined;
}

export interface Choice {
  /** Versions to be served. */
  readonly wanted: ReadonlySet<number>;
  /** Versions to be unloaded though nothing takes their place: an operator says so. */
  readonly forced: ReadonlySet<number>;
}

export type LifecycleEvent =
  | { readonly kind: 'available' | 'retired'; readonly name: string; readonly version: number }
  | { readonly kind: 'failed'; readonly name: string; readonly version: number; readonly error: ErrorBody }
  /** Anything else that `statuses` shows changed: known versions, stages, progress. */
  | { readonly kind: 'changed'; readonly name: string };

export interface Lifecycle {
  /** The full list of what all sources have together; a version missing from it is unloaded and forgotten. */
  offer(list: readonly Aspired[]): void;
  /** Asked for every model whenever something changed: which of its known versions (ascending) are to be served. */
  choose(choice: (name: string, known: readonly number[]) => Choice): void;
  /** Asks the choice again. */
  reconsider(): void;
  /** Tries a failed version again now, instead of when its time comes. */
  retry(name: string, version: number): void;
  readonly names: readonly string[];
  /** Of one model, ascending; empty for an unknown one. */
  statuses(name: string): readonly VersionStatus[];
  /** Versions that can answer, ascending. */
  available(name: string): readonly number[];
  /** Pins the version until it is released; undefined when it can't answer. */
  acquire(name: string, version: number): Handle | undefined;
  /**
   * Resolves when the version is available; rejects with its error when it fails, with MODEL_NOT_FOUND when it is not
   * known or not wanted any more, with CANCELLED when `signal` aborts. The caller has made it wanted. One that has
   * failed already rejects at once, unless `retry` was called before.
   */
  whenAvailable(name: string, version: number, signal?: AbortSignal): Promise<void>;
  /** Resolves when the version has no instances any more. */
  whenGone(name: string, version: number, signal?: AbortSignal): Promise<void>;
  subscribe(listener: (event: LifecycleEvent) => void): () => void;
  /** Process ids of all instances. */
  readonly pids: readonly number[];
  close(): Promise<void>;
}
