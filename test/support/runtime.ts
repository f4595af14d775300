/** How tests have models loaded: with one thread, as many of them run beside each other. */
import { fileURLToPath } from 'node:url';
import type { Runtime } from '../../gateway/instances/index.ts';
import { builtIn } from '../contract/inference-engine.ts';

export const runtime: Runtime = { threads: 1, arena: 'keep', gpuMemoryPercent: 0 };

/** Of the built-in model, in batches of one or two. */
export const builtInLoad = {
  folder: fileURLToPath(new URL('../../models/efficientnet-lite0', import.meta.url)),
  manifest: builtIn,
  providers: ['cpu'],
  runtime,
  maxPixels: 4_000_000,
  batchMax: 2,
  decodeOnThreads: false,
} as const;
