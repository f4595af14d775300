/**
 * Exports the traces of requests to an OTLP collector over HTTP. Bounded: spans that wait for a collector which is slow
 * or away are dropped beyond a limit. Loaded only when it is wanted, since the SDK is large.
 */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Log } from './log.ts';
import { beginSpans } from './request-spans.ts';
import type { Tracing } from './request-trace.ts';
import { ToldExporter } from './told-exporter.ts';

/** Spans that may wait; a request has six. */
const MAX_WAITING = 4096;
const MAX_BATCH = 512;
/** At once: one, and one more at the end. */
const MAX_EXPORTS = 2;
/** Milliseconds. */
const EXPORT_EVERY_MS = 2000;
const EXPORT_TIMEOUT_MS = 5000;

export interface ExportOptions {
  /** Address of the collector, without `/v1/traces`. */
  readonly endpoint: string;
  /** Share, 0 to 1, of the requests that come without a trace of their own that get one. */
  readonly share: number;
  /** Of this software. */
  readonly version: string;
  /** Monotonic milliseconds, as `performance.now()`. */
  readonly now: () => number;
  readonly log: Log;
}

export function exportTraces(options: ExportOptions): Tracing {
  const { endpoint, share, version, now, log } = options;
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS, concurrencyLimit: MAX_EXPORTS });
  const provider = new TracerProvider({
    // A caller that records its trace gets ours; the share counts for those that come without one.
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
    resource: resourceFromAttributes({ 'service.name': 'twinlens', 'service.version': version }).merge(
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, as with every program that exports traces.
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new ToldExporter(exporter, url, log),
        maxQueueSize: MAX_WAITING,
        maxExportBatchSize: MAX_BATCH,
        scheduledDelayMillis: EXPORT_EVERY_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS * 2,
      }),
    ],
  });
  const tracer = provider.getTracer('twinlens', version);
  const spans = { tracer, now, origin: performance.timeOrigin };
  return {
    begin: (request) => beginSpans(request, spans),
    close: () => provider.shutdown(),
  };
}
