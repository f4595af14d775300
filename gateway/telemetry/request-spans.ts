/**
 * A request as OpenTelemetry spans: `classify` and below it `receive`, `queue`, `decode`, `infer` and `reply`. What
 * happened in an instance is told afterwards, from the durations of the answer. Knows no exporter.
 */
import {
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { errorRow } from '../../core/errors.ts';
import type { RequestTrace, TracedEnd, TracedRequest } from './request-trace.ts';
import { formatTraceparent, parseTraceparent } from './trace-context.ts';

export interface SpansOptions {
  readonly tracer: Tracer;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970 at which `now` was 0. */
  readonly origin: number;
}

/** Milliseconds of one part; the first two are the same clock's. */
interface Part {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/** The parts between arrival and answer; none of them ran for an answer that was kept. */
function innerParts(end: TracedEnd, received: number, settled: number): Part[] {
  if (end.code !== 'OK' || end.classification.cached) return [];
  const { queue, decode, prepare, infer } = end.classification.timings;
  const dequeued = Math.min(received + queue, settled);
  const decoded = Math.min(dequeued + decode + prepare, settled);
  return [
    { name: 'queue', begin: received, end: dequeued },
    { name: 'decode', begin: dequeued, end: decoded },
    // Between the two the others of the batch are decoded.
    { name: 'infer', begin: Math.max(decoded, settled - infer), end: settled },
  ];
}

function parentOf(traceparent: string | undefined): Context {
  const parent = parseTraceparent(traceparent);
  if (!parent) return ROOT_CONTEXT;
  const { traceId, spanId, sampled } = parent;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

export function beginSpans(request: TracedRequest, { tracer, now, origin }: SpansOptions): RequestTrace {
  const { requestId, transport, traceparent } = request;
  const begun = now();
  let received: number | undefined;
  let settled: number | undefined;
  const parent = parentOf(traceparent);
  const attributes = { 'twinlens.request_id': requestId, 'twinlens.transport': transport };
  const root = tracer.startSpan('classify', { kind: SpanKind.SERVER, startTime: origin + begun, attributes }, parent);
  const inside = trace.setSpan(parent, root);
  const { traceId, spanId, traceFlags } = root.spanContext();
  const tell = ({ name, begin, end }: Part) =>
    tracer.startSpan(name, { startTime: origin + begin }, inside).end(origin + end);

  return {
    traceId,
    header: formatTraceparent({ traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 }),
    received() {
      received = now();
      tell({ name: 'receive', begin: begun, end: received });
    },
    settled(end) {
      settled = now();
      if (received === undefined) tell({ name: 'receive', begin: begun, end: settled });
      for (const part of innerParts(end, received ?? settled, settled)) tell(part);
      root.setAttribute('twinlens.code', end.code);
      if (end.code === 'OK') {
        const { model, version, variant, provider, batchSize, cached } = end.classification;
        root.setAttributes({
          'twinlens.model': model,
          'twinlens.version': version,
          'twinlens.variant': variant,
          'twinlens.provider': provider,
          'twinlens.batch_size': batchSize,
          'twinlens.cached': cached,
        });
      } else if (errorRow(end.code).status >= 500) {
        root.setStatus({ code: SpanStatusCode.ERROR, message: end.code });
      }
    },
    left() {
      const end = now();
      tell({ name: 'reply', begin: settled ?? end, end });
      root.end(origin + end);
    },
  };
}
