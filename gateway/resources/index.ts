/** The face of resources: what the gateway may use of this machine, and what it uses. */
import { availableParallelism, totalmem } from 'node:os';
import { type Allowance, allow } from './allowance.ts';
import type { Cgroup } from './cgroup.ts';

export { type Allowance, heldBytesThatFit, instancesThatFit } from './allowance.ts';
export { Cgroup } from './cgroup.ts';
export { GpuMeter, type GpuUse } from './gpu.ts';
export { ResourceMonitor, type Usage } from './monitor.ts';
export { memoryWatermark } from './watermark.ts';

/** What this process may use. @param configuredBytes memory that the operator gives it; 0: as much as there is */
export function allowanceHere(cgroup: Cgroup, configuredBytes: number): Allowance {
  return allow(cgroup.limits, { processors: availableParallelism(), memoryBytes: totalmem() }, configuredBytes);
}
