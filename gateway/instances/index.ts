/** The face of `instances/`. */
export { packagePath, readManifest, verifyPackage } from './package-files.ts';
export { InstancePool, type PoolOptions } from './pool.ts';
export type { ItemResult, Ran, RunItem } from './wire.ts';
