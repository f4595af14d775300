/** The face of telemetry: the log and the metrics. */

export { createLog, type Log } from './log.ts';
export { createMetrics, type Metrics, type Transport } from './metrics.ts';
export { createResourceMetrics } from './resource-metrics.ts';
