/** The face of `scheduling/`. */
export { type Clock, type Outcome, type Runner, Scheduler } from './scheduler.ts';
