/** The face of telemetry: the log and the metrics. */
export { expose } from './exposition.ts';
export { createLog, type Log, stdoutSink } from './log.ts';
export type { LogSink } from './log-sink.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { isSampled } from './sampling.ts';
export { carriedTracing, createTracing, type RequestTrace, type Tracing } from './tracing.ts';
export type { Transport } from './transport-metrics.ts';
