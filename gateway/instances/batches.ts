/**
 * How large batches may be: one rule for the scheduler that forms them and for the child that tries every size
 * before it serves. Pure.
 */
import type { Provider } from '../../core/engine.ts';
import type { Manifest } from '../../core/manifest.ts';

/** A CPU gains little from batches (and loses latency), a GPU several times. */
const DEFAULT = { cpu: 4, cuda: 32, webgpu: 1, wasm: 1 } as const;
/** Above it only every doubling is tried: all sizes up to 1024 would be half a million images. */
const EACH_UP_TO = 32;

/** @param asked the operator's limit; 0: the provider's default */
export function largestBatch(provider: Provider, asked: number, manifest: Manifest): number {
  return Math.min(asked || DEFAULT[provider], manifest.batch.max);
}

/** The sizes to warm up: ONNX Runtime plans memory, and CUDA chooses kernels, at the first run of each. */
export function warmUpSizes(largest: number): readonly number[] {
  const sizes = Array.from({ length: Math.min(largest, EACH_UP_TO) }, (_, at) => at + 1);
  for (let size = EACH_UP_TO * 2; size < largest; size *= 2) sizes.push(size);
  if (largest > EACH_UP_TO) sizes.push(largest);
  return sizes;
}
