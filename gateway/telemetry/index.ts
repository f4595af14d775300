/** The face of telemetry: the log and the metrics. */
export { expose } from './exposition.ts';
export { createLog, createSink, type Log } from './log.ts';
export type { LogSink } from './log-sink.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { isSampled } from './sampling.ts';
export type { Transport } from './transport-metrics.ts';
