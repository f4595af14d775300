/** The face of `instances/`. */
export { largestBatch } from './batches.ts';
export { packagePath, readManifest, verifyPackage } from './package-files.ts';
export { InstancePool, type PoolOptions } from './pool.ts';
export type { InstanceStage, ItemResult, Ran, RunItem } from './wire.ts';
