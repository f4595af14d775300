/**
 * What the front of the gateway (HTTP, sockets) sees of serving: a registry that turns a model spec
 * into a handle, and a handle that classifies. Types only.
 */
import type { CancelSignal, Classification, Degraded, ImageInput, Priority } from '../../core/engine.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { FileEntry } from '../../core/manifest.ts';
import type { ModelDetail, ModelEvent, ModelSummary } from '../../core/protocol.ts';
import type { VersionState } from './policy.ts';

export interface ServableRequest {
  readonly image: ImageInput;
  readonly top: number;
  /** Monotonic milliseconds (the scheduler's clock) after which no answer is wanted. May move back while it waits. */
  readonly deadline: number;
  /** May rise while it waits; `onRise` tells. */
  readonly priority: Priority;
  /** Has `listener` called whenever `priority` has risen. Left out where it can't. */
  readonly onRise?: (listener: () => void) => void;
  /** Whose request it is, for fairness: one key a socket or HTTP client. */
  readonly client: string;
  /** Latest wins among waiting requests of the same client and stream. */
  readonly stream?: string;
  readonly signal?: CancelSignal;
  /** Nobody waits for the answer: it is compared with the one that another version gave. */
  readonly shadow?: boolean;
  /** What logs and metrics name the request by. */
  readonly requestId?: string;
}

/** Keeps a version alive while a request uses it. `release` exactly once; later calls do nothing. */
export interface Handle {
  readonly name: string;
  readonly version: number;
  /** Which of the version's files runs. */
  readonly variant: string;
  /** It stands in for what was asked for. Of the request, not of the version's answers, which others get too. */
  readonly degraded?: Degraded | undefined;
  /** Resolves once, or rejects with one TwinlensError. */
  classify(request: ServableRequest): Promise<Classification>;
  release(): void;
}

export interface AcquireOptions {
  /** Requests with the same key get the same version while a canary runs. */
  readonly key?: string | undefined;
}

export interface ModelFile {
  /** Absolute path on this machine. */
  readonly path: string;
  /** Undefined for model.json itself, whose bytes the manifest can't name. */
  readonly entry: FileEntry | undefined;
}

/** What is not as it was configured, though the gateway answers. */
export interface Degradation extends Degraded {
  readonly model: string;
  /** What answers instead: a model, or an execution provider. */
  readonly by: string;
}

export interface Registry {
  /** The spec's servable, or the default model when undefined. Throws MODEL_NOT_FOUND, MODEL_NOT_READY, INVALID_ARGUMENT. */
  acquire(spec: string | undefined, options?: AcquireOptions): Handle;
  /** At least one version of every model that should serve can answer. */
  readonly ready: boolean;
  readonly degraded: readonly Degradation[];
  list(): readonly ModelSummary[];
  /** Throws MODEL_NOT_FOUND. */
  detail(name: string): ModelDetail;
  /** A file of the package; only files that the manifest names, and `model.json`. Throws MODEL_NOT_FOUND, NOT_FOUND. */
  file(name: string, version: number, file: string): ModelFile;
  subscribe(listener: (event: ModelEvent) => void): () => void;
}

/** What serving measures; telemetry turns it into metrics. Milliseconds. */
export interface ServingObserver {
  requestFinished(event: {
    readonly model: string;
    readonly version: number;
    readonly code: 'OK' | ErrorCode;
    readonly classification?: Classification;
    /** It was a shadowed request: nobody's. */
    readonly shadow?: boolean;
    readonly requestId?: string;
  }): void;
  batchRan(event: {
    readonly model: string;
    readonly version: number;
    readonly size: number;
    readonly provider: string;
    readonly inferMs: number;
  }): void;
  queueChanged(event: {
    readonly model: string;
    readonly version: number;
    readonly pending: number;
    /** Requests that may wait. */
    readonly limit: number;
  }): void;
  instanceExited(event: {
    readonly model: string;
    readonly version: number;
    readonly reason: string;
    readonly restarting: boolean;
  }): void;
  /** Undefined: the version is not known any more. */
  versionState(event: {
    readonly model: string;
    readonly version: number;
    readonly state: VersionState | undefined;
  }): void;
  /** A version was loaded or could not be; `loadMs` of one that was. */
  loadEnded(event: {
    readonly model: string;
    readonly version: number;
    readonly result: 'loaded' | 'failed';
    readonly loadMs: number | undefined;
  }): void;
  /** Undefined: no canary runs. */
  canaryShare(event: { readonly model: string; readonly share: number | undefined }): void;
  /** Both versions answered one request; `version` is the canary's. */
  shadowCompared(event: { readonly model: string; readonly version: number; readonly agreed: boolean }): void;
  canaryRolledBack(event: { readonly model: string }): void;
  /** The version is turned away from, or not any more; undefined: it is not there any more. */
  breakerChanged(event: { readonly model: string; readonly version: number; readonly open: boolean | undefined }): void;
  /** Something else than what was configured answers for the model, or not any more. */
  degraded(event: { readonly model: string; readonly reason: 'provider' | 'model'; readonly degraded: boolean }): void;
}
