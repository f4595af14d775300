/** The face of `instances/`. */
export { largestBatch } from './batches.ts';
export { type Comparison, type Contestant, type ContestOptions, type ContestResult, contest } from './contest.ts';
export { Instance, type InstanceOptions } from './instance.ts';
export { packagePath, readManifest, verifyPackage } from './package-files.ts';
export { InstancePool, type PoolOptions } from './pool.ts';
export { inspectModel, type ProbeOptions, recordScores } from './probe.ts';
export type { GraphValue, Inspected, Recorded, RecordOrder } from './probe-wire.ts';
export { type Split, splitsOf, unmeasuredSplit, usualSplit } from './splits.ts';
export { type RunCost, warmUpSizes } from './warm-up.ts';
export type { InstanceStage, ItemResult, Ran, RunItem, Runtime } from './wire.ts';
