/** Traces of a real gateway at a real OTLP collector, and what happens when that is away. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CollectedSpan, Collector } from '../support/collector.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { StreamClient } from '../support/stream-client.ts';

const SPAN = '00f067aa0ba902b7';
const traceOf = (digit: string) => `4bf92f3577b34da6a3ce929d0e0e473${digit}`;
const PARTS = ['receive', 'queue', 'decode', 'infer', 'reply'];

const classify = (gateway: GatewayProcess, headers: Record<string, string> = {}, query = '') =>
  fetch(`${gateway.url}/v1/classify${query}`, { method: 'POST', body: clock(), headers });

const attributes = (span: CollectedSpan | undefined) =>
  Object.fromEntries(span?.attributes.map(({ key, value }) => [key, Object.values(value)[0]]) ?? []);

function checkSpans(spans: readonly CollectedSpan[], parent: string | undefined): void {
  const root = spans.find(({ name }) => name === 'classify');
  expect(root?.parentSpanId || undefined).toBe(parent);
  expect(root?.kind).toBe(2); // SERVER
  const parts = PARTS.map((part) => spans.find(({ name }) => name === part));
  expect(parts.map((part) => part?.parentSpanId)).toEqual(PARTS.map(() => root?.spanId));
  // One after another, inside the request.
  const times = [
    root?.startTimeUnixNano,
    ...parts.flatMap((part) => [part?.startTimeUnixNano, part?.endTimeUnixNano]),
    root?.endTimeUnixNano,
  ].map((time) => BigInt(time ?? 0));
  // The clock's milliseconds are fractions: a part of a microsecond is lost in each.
  for (const [i, time] of times.entries()) if (i > 0) expect(time - (times[i - 1] ?? 0n)).toBeGreaterThan(-1000n);
}

describe('with a collector', () => {
  let collector: Collector;
  let gateway: GatewayProcess;
  beforeAll(async () => {
    collector = await Collector.listen();
    gateway = await startGateway({
      env: {
        TWINLENS_INSTANCES: '1',
        TWINLENS_TRACE_SHARE: '1',
        OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
        // Every picture is run, so that every trace is whole.
        TWINLENS_CACHE_ENTRIES: '0',
      },
    });
  });
  afterAll(async () => {
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
    await collector.close();
  });

  test('a request over HTTP is five spans below its own, below the span of its client', async () => {
    const traceId = traceOf('1');
    const headers = { traceparent: `00-${traceId}-${SPAN}-01`, 'x-request-id': 'traced' };
    const response = await classify(gateway, headers);
    const spans = await collector.trace(traceId, 6);
    checkSpans(spans, SPAN);
    const root = spans.find(({ name }) => name === 'classify');
    expect(response.headers.get('traceresponse')).toBe(`00-${traceId}-${root?.spanId}-01`);
    expect(attributes(root)).toMatchObject({
      'twinlens.request_id': 'traced',
      'twinlens.transport': 'http',
      'twinlens.code': 'OK',
      'twinlens.model': 'efficientnet-lite0',
      'twinlens.version': 1,
      'twinlens.provider': 'cpu',
    });
    expect((await gateway.logged(({ request_id }) => request_id === 'traced')).trace_id).toBe(traceId);
    expect(collector.requests[0]).toBe('/v1/traces application/json');
    expect([...collector.services]).toEqual(['twinlens']);
  });

  test('so is one over a socket', async () => {
    const traceId = traceOf('2');
    const stream = await StreamClient.open(gateway.streamUrl);
    stream.classify('a', clock(), { traceparent: `00-${traceId}-${SPAN}-01` });
    await stream.answer('a');
    checkSpans(await collector.trace(traceId, 6), SPAN);
    stream.close();
  });

  test('a request without a trace begins one', async () => {
    const response = await classify(gateway);
    const [, traceId = ''] = response.headers.get('traceresponse')?.split('-') ?? [];
    checkSpans(await collector.trace(traceId, 6), undefined);
  });

  test('one that is refused says why, and has no spans of what did not happen', async () => {
    const traceId = traceOf('3');
    await classify(gateway, { traceparent: `00-${traceId}-${SPAN}-01` }, '?model=none');
    const spans = await collector.trace(traceId, 3);
    expect(spans.map(({ name }) => name).toSorted()).toEqual(['classify', 'receive', 'reply']);
    expect(attributes(spans.find(({ name }) => name === 'classify'))['twinlens.code']).toBe('MODEL_NOT_FOUND');
  });

  test('a client that does not record its trace has none recorded here', async () => {
    const [quiet, loud] = [traceOf('4'), traceOf('5')];
    await classify(gateway, { traceparent: `00-${quiet}-${SPAN}-00` });
    await classify(gateway, { traceparent: `00-${loud}-${SPAN}-01` });
    await collector.trace(loud, 6);
    expect(collector.spans.filter(({ traceId }) => traceId === quiet)).toEqual([]);
  });
});

test('without a collector a trace is carried into log and answer, and nothing is sent', async () => {
  const gateway = await startGateway({ env: { TWINLENS_INSTANCES: '1' } });
  const traceId = traceOf('6');
  const response = await classify(gateway, { traceparent: `00-${traceId}-${SPAN}-01`, 'x-request-id': 'carried' });
  expect(response.headers.get('traceresponse')).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  expect((await gateway.logged(({ request_id }) => request_id === 'carried')).trace_id).toBe(traceId);
  expect((await classify(gateway)).headers.get('traceresponse')).toBeNull();
  await gateway.stop();
});

test('a collector that is away fails no request, is told once, and does not hold up the end', async () => {
  const collector = await Collector.listen();
  const { url } = collector;
  await collector.close();
  const gateway = await startGateway({ env: { TWINLENS_INSTANCES: '1', OTEL_EXPORTER_OTLP_ENDPOINT: url } });
  for (let i = 0; i < 3; i += 1) expect((await classify(gateway)).status).toBe(200);
  await gateway.logged(({ event_type }) => event_type === 'trace_export_failed');
  expect((await classify(gateway)).status).toBe(200);
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  expect(gateway.log.filter(({ event_type }) => event_type === 'trace_export_failed')).toHaveLength(1);
  expect(gateway.errors).toBe('');
});
