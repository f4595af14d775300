/** The face of `scheduling/`. */
export type { Room } from './batching.ts';
export { CostCurve } from './cost-curve.ts';
export { type Clock, type Outcome, type Runner, Scheduler } from './scheduler.ts';
