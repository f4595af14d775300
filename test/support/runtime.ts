/** How tests have sessions made: one thread, as many of them run beside each other. */
import type { Runtime } from '../../gateway/instances/index.ts';

export const runtime: Runtime = { threads: 1, arena: 'keep', gpuMemoryPercent: 0 };
