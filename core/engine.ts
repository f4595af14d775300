/**
 * `InferenceEngine`: the one interface behind which a model runs, wherever that is. Four
 * implementations: inside the browser worker, the page's proxy of that worker, through the gateway
 * (`client/`), and the gateway's local one. `test/contract` holds the rules that all of them keep.
 */
import type { ErrorBody } from './errors.ts';

/** Encoded pictures that every side decodes. */
export const IMAGE_ENCODINGS = ['jpeg', 'png', 'webp', 'avif'] as const;
export type ImageEncoding = (typeof IMAGE_ENCODINGS)[number];

/** Raw pixels, 8 bits a channel, rows from the top, no padding. rgba8 is laid over white. */
export const RAW_ENCODINGS = ['rgb8', 'rgba8'] as const;
export type RawEncoding = (typeof RAW_ENCODINGS)[number];

export interface EncodedImage {
  readonly encoding: ImageEncoding;
  readonly data: Uint8Array;
}

export interface RawImage {
  readonly encoding: RawEncoding;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** width * height * 3 (rgb8) or * 4 (rgba8) bytes. */
  readonly data: Uint8Array;
}

export type ImageInput = EncodedImage | RawImage;

/** ONNX Runtime execution provider that really ran. */
export const PROVIDERS = ['cpu', 'cuda', 'tensorrt', 'webgpu', 'wasm'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** Those that a gateway can run, the fastest first. */
export const GATEWAY_PROVIDERS = ['tensorrt', 'cuda', 'webgpu', 'cpu'] as const satisfies readonly Provider[];
export type GatewayProvider = (typeof GATEWAY_PROVIDERS)[number];

export const isGatewayProvider = (text: string): text is GatewayProvider =>
  GATEWAY_PROVIDERS.some((provider) => provider === text);

export const PRIORITIES = ['high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface Prediction {
  /** Class name. */
  readonly label: string;
  readonly index: number;
  /** Probability, 0..1. */
  readonly score: number;
}

/**
 * Why it is not what was asked for first that answered. `breaker`: the model failed too often in a row; `unavailable`:
 * it has no version that can answer; `provider`: its execution provider doesn't work here.
 */
export const DEGRADATIONS = ['breaker', 'unavailable', 'provider'] as const;
export type DegradedReason = (typeof DEGRADATIONS)[number];

export interface Degraded {
  /** The model, or the execution provider, in whose place another one answered. */
  readonly from: string;
  readonly reason: DegradedReason;
}

/** Milliseconds. Parts that a side can't tell apart are 0; `total` is what the caller's side waited inside the engine. */
export interface Timings {
  readonly queue: number;
  readonly decode: number;
  /** Resize, crop and normalise. */
  readonly prepare: number;
  readonly infer: number;
  readonly total: number;
}

export interface Classification {
  readonly model: string;
  readonly version: number;
  readonly variant: string;
  /** Best first; equal scores by lower index. */
  readonly predictions: readonly Prediction[];
  /** The best score is below the manifest's `notSureBelow`. */
  readonly notSure: boolean;
  readonly provider: Provider;
  readonly cached: boolean;
  readonly timings: Timings;
  /** Images in the run that answered this one. */
  readonly batchSize: number;
  /** Absent when all is as it was asked for. */
  readonly degraded?: Degraded;
}

/** The slice of AbortSignal that engines use; the platform's own satisfies it. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface ClassifyOptions {
  /** Predictions wanted, 1 to 100,000; more than the model has classes gives all. Default 5. */
  readonly top?: number;
  /** Milliseconds from now after which no answer is wanted: DEADLINE_EXCEEDED. */
  readonly deadlineMs?: number;
  readonly priority?: Priority;
  /** Of one stream only the newest waiting image survives; the others answer SUPERSEDED. */
  readonly stream?: string;
  /** Aborting rejects with CANCELLED. */
  readonly signal?: CancelSignal;
}

export const DEFAULT_TOP = 5;

export interface LoadedModel {
  readonly name: string;
  readonly version: number;
  readonly variant: string;
  readonly title: string;
  readonly provider: Provider;
  readonly classes: number;
  readonly notSureBelow: number;
}

export interface LoadProgress {
  readonly phase: 'manifest' | 'download' | 'verify' | 'compile' | 'check';
  readonly loadedBytes: number;
  /** 0 while not known. */
  readonly totalBytes: number;
  /** The weights came from this device's store, not from the network. */
  readonly fromStore: boolean;
}

export type EngineStatus =
  | { readonly state: 'empty' }
  | { readonly state: 'loading'; readonly spec: string; readonly progress: LoadProgress }
  | { readonly state: 'ready'; readonly model: LoadedModel }
  | { readonly state: 'failed'; readonly spec: string; readonly error: ErrorBody };

export type EngineEvent =
  | { readonly type: 'status'; readonly status: EngineStatus }
  /** Something the user may want to know that needs no action: a backend was chosen or lost and replaced. */
  | { readonly type: 'notice'; readonly code: NoticeCode; readonly message: string };

export type NoticeCode =
  | 'BACKEND_CHOSEN'
  | 'WEBGPU_REJECTED'
  | 'DEVICE_LOST'
  | 'WORKER_RESTARTED'
  | 'STORE_UNAVAILABLE'
  | 'RECONNECTING'
  | 'RECONNECTED';

export interface LoadOptions {
  /** Aborting rejects with CANCELLED and leaves the engine as it was before. */
  readonly signal?: CancelSignal;
}

export interface InferenceEngine {
  readonly status: EngineStatus;
  /**
   * Makes the model named by `spec` (`name`, `name@version`, `name:label`; see model-spec.ts) ready.
   * A failed load changes nothing that is ready. Errors: MODEL_NOT_FOUND, MODEL_NOT_READY,
   * INVALID_ARGUMENT (bad package), ENGINE_FAILED, CANCELLED, UNAVAILABLE (no network).
   */
  load(spec: string, options?: LoadOptions): Promise<LoadedModel>;
  /**
   * Classifies one image; resolves exactly once or rejects with one TwinlensError. May be called many
   * times at once. Errors: MODEL_NOT_READY, INVALID_ARGUMENT, UNDECODABLE_IMAGE, DEADLINE_EXCEEDED,
   * CANCELLED, SUPERSEDED, QUEUE_FULL, ENGINE_FAILED, UNAVAILABLE.
   */
  classify(image: ImageInput, options?: ClassifyOptions): Promise<Classification>;
  /** Frees the model; requests in flight are answered or rejected first. The state becomes `empty`. */
  unload(): Promise<void>;
  /** Calls `listener` for every later event; returns the way to stop. */
  subscribe(listener: (event: EngineEvent) => void): () => void;
}
