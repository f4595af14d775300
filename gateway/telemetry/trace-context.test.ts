import { describe, expect, test } from 'vitest';
import { carriedTracing } from './carried-tracing.ts';
import { formatTraceparent, parseTraceparent } from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('a trace context', () => {
  test.each([
    [`00-${TRACE}-${SPAN}-01`, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    [`00-${TRACE}-${SPAN}-03`, true],
    // Of a later version: what is known of it counts.
    [`cc-${TRACE}-${SPAN}-01-what-the-future-will-be`, true],
  ])('is read: %s', (text, sampled) => {
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, sampled });
  });

  test.each([
    undefined,
    '',
    'nonsense',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
    `cc-${TRACE}-${SPAN}-01-${'x'.repeat(300)}`,
  ])('that is not valid is none: %s', (text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  test('is written as it was read', () => {
    const text = `00-${TRACE}-${SPAN}-01`;
    expect(formatTraceparent(parseTraceparent(text) ?? expect.fail())).toBe(text);
  });
});

test('without an exporter a trace is carried on with a span of its own, and a request without one gets none', () => {
  const request = { requestId: 'r', transport: 'http' } as const;
  const trace = carriedTracing.begin({ ...request, traceparent: `00-${TRACE}-${SPAN}-01` });
  expect(trace?.traceId).toBe(TRACE);
  expect(parseTraceparent(trace?.header)).toMatchObject({ traceId: TRACE, sampled: true });
  expect(trace?.header).not.toContain(SPAN);
  expect(carriedTracing.begin({ ...request, traceparent: undefined })).toBeUndefined();
});
