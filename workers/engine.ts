/**
 * The face of the browser engine: what the page sees of the worker. Types only, so that importing
 * it costs the page (next to) nothing.
 */
import type {
  Classification,
  ClassifyOptions,
  EncodedImage,
  InferenceEngine,
  LoadedModel,
  LoadOptions,
  LoadProgress,
} from '../core/engine.ts';
import type { Manifest } from '../core/manifest.ts';

/** What can be turned into pixels inside the worker. Frames and bitmaps are transferred, hence used up. */
export type Picture = Blob | VideoFrame | ImageBitmap;

/** A picture brought to the model's input size, before normalising. */
export interface Prepared {
  /** The model whose input this is; no other runs it. */
  readonly model: { readonly name: string; readonly version: number };
  /** sha256 of `pixels`, lower-case hex. */
  readonly digest: string;
  /** RGB8, width * height * 3 bytes, the model's input size. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  /** Milliseconds. */
  readonly timings: { readonly decode: number; readonly prepare: number };
}

/** What this device can do, each with the reason when it can't. */
export interface DeviceCapabilities {
  readonly wasm: { readonly available: boolean; readonly threads: number; readonly reason: string };
  readonly webgpu: { readonly available: boolean; readonly fallbackAdapter: boolean; readonly reason: string };
  readonly crossOriginIsolated: boolean;
  /** Bytes of this origin's storage, where the browser tells. */
  readonly storage: { readonly usage: number; readonly quota: number; readonly kind: 'opfs' | 'indexeddb' | 'memory' };
}

export interface PictureOptions {
  readonly signal?: AbortSignal;
}

export interface UpdateOptions extends LoadOptions {
  /** How far the new version is; `status` stays that of the one that serves. */
  onProgress?(progress: LoadProgress): void;
}

/** What serves after an update. */
export interface Updated {
  readonly model: LoadedModel;
  readonly manifest: Manifest;
}

/** The page's proxy of the worker. Needs no ONNX Runtime for `describe`, `prepare` and `encode`. */
export interface DeviceEngine extends InferenceEngine {
  /** The manifest of `spec`, from the gateway or, offline, from the store; the same one `load` would use. */
  describe(spec: string): Promise<Manifest>;
  /**
   * Puts another model in the place of the one that serves, without a gap: it is fetched, verified, opened
   * and checked beside it; between two pictures it takes over. Calls under way are answered by the old one.
   * A newer `update` supersedes one under way. When it fails the old one goes on untouched. With nothing to
   * replace it is a `load`. Errors: those of `load`, and SUPERSEDED.
   */
  update(spec: string, options?: UpdateOptions): Promise<Updated>;
  /** Decodes, resizes and crops in the worker, for the input of the manifest last described or loaded. */
  prepare(picture: Picture, options?: PictureOptions): Promise<Prepared>;
  /**
   * Runs the model on prepared pixels. Timings include those of `prepared`. INVALID_ARGUMENT when they were
   * prepared for another model than the one that serves: prepare the picture again.
   */
  classifyPrepared(prepared: Prepared, options?: ClassifyOptions): Promise<Classification>;
  /** Prepare and run in one message: the live path. */
  classifyPicture(picture: Picture, options?: ClassifyOptions): Promise<Classification>;
  /**
   * The whole picture, without loss, with the short side that the model's resize asks for, so that the gateway's resize
   * changes nothing.
   */
  encode(picture: Picture, options?: PictureOptions): Promise<EncodedImage>;
  capabilities(): Promise<DeviceCapabilities>;
  /** Forgets stored weights; the loaded model keeps running. Ends an update under way. */
  clearStore(): Promise<void>;
  /** Ends the worker. Requests in flight reject with CANCELLED. */
  close(): void;
}

export const BACKEND_PREFERENCES = ['auto', 'wasm', 'webgpu'] as const;
export type BackendPreference = (typeof BACKEND_PREFERENCES)[number];

export interface DeviceEngineOptions {
  /** Origin of the gateway that lists models and serves their files; '' is the page's own. */
  readonly gatewayUrl: string;
  /**
   * `auto` (default): WebGPU where a real adapter passes the goldens and is measured faster, else WebAssembly.
   * Naming one forces it: then also a software adapter is taken, and there is no other to fall back to.
   */
  readonly backend?: BackendPreference;
  /** Milliseconds after which a silent worker counts as hung and is replaced; default 10,000 for a run, 120,000 for a load. */
  readonly runTimeoutMs?: number;
  readonly loadTimeoutMs?: number;
}
