/**
 * The gateway's tracing as it is configured. Without a collector traces are only carried; the SDK is loaded only when
 * they are exported.
 */
import { carriedTracing } from './carried-tracing.ts';
import type { ExportOptions } from './open-telemetry.ts';
import type { Tracing } from './request-trace.ts';

export interface TracingOptions extends Omit<ExportOptions, 'endpoint'> {
  /** Address of an OTLP collector, without `/v1/traces`; undefined: nothing is exported. */
  readonly endpoint: string | undefined;
}

export async function createTracing(options: TracingOptions): Promise<Tracing> {
  const { endpoint } = options;
  if (endpoint === undefined) return carriedTracing;
  const { exportTraces } = await import('./open-telemetry.ts');
  return exportTraces({ ...options, endpoint });
}
