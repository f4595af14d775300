/** Carries traces from the client's `traceparent` into the log and the answer, and records none. */
import { randomBytes } from 'node:crypto';
import type { Tracing } from './request-trace.ts';
import { formatTraceparent, parseTraceparent } from './trace-context.ts';

const nothing = (): void => undefined;

export const carriedTracing: Tracing = {
  begin({ traceparent }) {
    const parent = parseTraceparent(traceparent);
    if (!parent) return undefined;
    const header = formatTraceparent({ ...parent, spanId: randomBytes(8).toString('hex') });
    return { traceId: parent.traceId, header, received: nothing, settled: nothing, left: nothing };
  },
  close: () => Promise.resolve(),
};
