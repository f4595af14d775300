/** The face of telemetry: the log and the metrics. */
export { expose } from './exposition.ts';
export { createLog, type Log } from './log.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export type { Transport } from './transport-metrics.ts';
