/** The face of telemetry: the log and the metrics. */

export { carriedTracing } from './carried-tracing.ts';
export { expose } from './exposition.ts';
export { createLog, type Log, stdoutSink } from './log.ts';
export type { LogSink } from './log-sink.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export type { RequestTrace, Tracing } from './request-trace.ts';
export { resourceMetrics } from './resource-metrics.ts';
export { isSampled } from './sampling.ts';
export { createTracing } from './tracing.ts';
export type { Transport } from './transport-metrics.ts';
