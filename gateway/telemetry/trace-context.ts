/** The W3C trace context as headers carry it: `00-<trace id>-<span id>-<flags>`. Knows nothing of spans. */

export interface TraceContext {
  /** 32 hexadecimal digits, lower case, not all 0. */
  readonly traceId: string;
  /** 16 of them: the caller's span. */
  readonly spanId: string;
  /** The caller records this trace. */
  readonly sampled: boolean;
}

/** Longest header that is read: later versions of the format may append fields. */
const MAX_LENGTH = 256;
const FORMAT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined for what is no trace context; the request is then as one without. */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  if (text === undefined || text.length > MAX_LENGTH) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', rest] = FORMAT.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
