/** What one request's part of a trace is, and who begins one. Types only. */
import type { Classification } from '../../core/engine.ts';
import type { ErrorCode } from '../../core/errors.ts';
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
