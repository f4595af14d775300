/** The face of health: whether the gateway can do its work. */
export type { Checks, Facts, HealthLimits } from './checks.ts';
export { Health, type HealthReport, type HealthStatus } from './health.ts';
