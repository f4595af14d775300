/** How large batches may be, and how many an instance has: one rule for who forms, sends and tries them. Pure. */
import type { Provider } from '../../core/engine.ts';
import type { Manifest } from '../../core/manifest.ts';

/** A CPU gains little from batches (and loses latency), a GPU several times. TensorRT builds an engine for each size. */
const DEFAULT = { cpu: 4, cuda: 32, tensorrt: 8, webgpu: 1, wasm: 1 } as const;

/** Batches in one instance: one runs, the next is decoded meanwhile. */
export const BATCHES_AT_ONCE = 2;

/** @param asked the operator's limit; 0: the provider's default */
export function largestBatch(provider: Provider, asked: number, manifest: Manifest): number {
  return Math.min(asked || DEFAULT[provider], manifest.batch.max);
}
