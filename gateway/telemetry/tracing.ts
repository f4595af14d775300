/**
 * What the gateway knows of the traces that requests belong to. Without an exporter a trace is only carried: from the
 * client's `traceparent` into the log and the answer. The SDK is loaded only when traces are exported.
 */
import { randomBytes } from 'node:crypto';
import type { Classification } from '../../core/engine.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { Log } from './log.ts';
import { formatTraceparent, parseTraceparent } from './trace-context.ts';
import type { Transport } from './transport-metrics.ts';

export interface TracedRequest {
  readonly requestId: string;
  readonly transport: Transport;
  /** As the client sent it. */
  readonly traceparent: string | undefined;
}

export type TracedEnd = { readonly code: 'OK'; readonly classification: Classification } | { readonly code: ErrorCode };

/** One request's part of a trace. Its methods are called in this order, each once at most. */
export interface RequestTrace {
  readonly traceId: string;
  /** What the answer says in `traceresponse`. */
  readonly header: string;
  /** The whole request is here. */
  received(): void;
  /** There is an answer. */
  settled(end: TracedEnd): void;
  /** The answer has left, or the client has. */
  left(): void;
}

export interface Tracing {
  /** Undefined: the request belongs to no trace. */
  begin(request: TracedRequest): RequestTrace | undefined;
  /** Exports what waits; the caller limits the wait. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** Address of an OTLP collector, without `/v1/traces`; undefined: nothing is exported. */
  readonly endpoint: string | undefined;
  /** Share, 0 to 1, of the requests that come without a trace of their own that get one. */
  readonly share: number;
  /** Of this software. */
  readonly version: string;
  /** Monotonic milliseconds, as `performance.now()`. */
  readonly now: () => number;
  readonly log: Log;
}

const nothing = (): void => undefined;

/** Carries traces and records none. */
export const carriedTracing: Tracing = {
  begin({ traceparent }) {
    const parent = parseTraceparent(traceparent);
    if (!parent) return undefined;
    const header = formatTraceparent({ ...parent, spanId: randomBytes(8).toString('hex') });
    return { traceId: parent.traceId, header, received: nothing, settled: nothing, left: nothing };
  },
  close: () => Promise.resolve(),
};

export async function createTracing(options: TracingOptions): Promise<Tracing> {
  const { endpoint } = options;
  if (endpoint === undefined) return carriedTracing;
  const { exportTraces } = await import('./open-telemetry.ts');
  return exportTraces({ ...options, endpoint });
}
