/** The metrics of a real gateway: their port, their formats, and that clients can't make series. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, ROOT, runGateway, startGateway } from '../support/gateway-process.ts';
import { StreamClient } from '../support/stream-client.ts';

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

let gateway: GatewayProcess;
let port: number;
const scrape = async (accept = 'text/plain') =>
  (await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } })).text();

beforeAll(async () => {
  port = await freePort();
  gateway = await startGateway({ env: { TWINLENS_INSTANCES: '1', TWINLENS_METRICS_PORT: String(port) } });
});
afterAll(async () => {
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
});

test('with a port of their own the metrics are nowhere else, and nothing else is there', async () => {
  expect((await fetch(`${gateway.url}/metrics`)).status).toBe(404);
  expect(await scrape()).toContain('\ntwinlens_ready 1\n');
  for (const path of ['/', '/health', '/v1/models']) {
    expect((await fetch(`http://127.0.0.1:${port}${path}`)).status, path).toBe(404);
  }
  const posted = await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST', body: 'x' });
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('a port that is taken stops the start and is named', async () => {
  const { code, stderr } = await runGateway({ TWINLENS_METRICS_PORT: String(port) });
  expect(code).toBe(1);
  expect(stderr).toContain(`TWINLENS_METRICS_PORT`);
});

test('OpenMetrics names the request behind a bucket', async () => {
  const headers = { 'x-request-id': 'exemplary' };
  await fetch(`${gateway.url}/v1/classify`, { method: 'POST', body: clock(), headers });
  const text = await scrape('application/openmetrics-text;version=1.0.0');
  expect(text).toMatch(/^twinlens_request_total_seconds_bucket\{.*\} 1 # \{request_id="exemplary"\} [\d.]+ [\d.]+$/m);
  expect(text.endsWith('# EOF\n')).toBe(true);
});

test('a queue has its limit before the first request, and sources say when they were checked', async () => {
  const text = await scrape();
  expect(text).toContain('twinlens_queue_limit{model="efficientnet-lite0",version="1"} 256\n');
  expect(text).toMatch(/^twinlens_source_last_check_timestamp_seconds\{source="models"\} 1\d{9}(?:\.\d+)?$/m);
  expect(text).toContain('twinlens_source_check_interval_seconds{source="models"} 5\n');
});

const seriesOf = (text: string) =>
  new Set(text.match(/^(?:model|twinlens)_[a-z_]+(?:\{[^}]*\})?(?= )/gm)?.filter((line) => !line.includes('le=')));

test('whatever clients send, they make no series', async () => {
  const stream = await StreamClient.open(gateway.streamUrl);
  const send = async (word: string) => {
    const query = new URLSearchParams({ model: word, key: word, priority: word });
    const headers = { 'x-request-id': word, 'user-agent': word, 'content-type': `image/${word}` };
    await fetch(`${gateway.url}/v1/classify?${query}`, { method: 'POST', body: clock(), headers });
    await fetch(`${gateway.url}/v1/classify?model=${word}`, { method: 'POST', body: clock() });
    await fetch(`${gateway.url}/v1/classify?key=${word}`, { method: 'POST', body: clock(), headers });
    await fetch(`${gateway.url}/v1/models/${word}`);
    await fetch(`${gateway.url}/${word}`);
    stream.classify(word, clock(), { stream: word, key: word });
    await stream.answer(word);
    stream.classify(`${word}-2`, clock(), { model: `${word}@7` });
    await stream.answer(`${word}-2`);
  };
  await send('first');
  const before = seriesOf(await scrape());
  expect(before.size).toBeGreaterThan(20);
  for (let i = 0; i < 10; i += 1) await send(`word${i}`);
  expect([...seriesOf(await scrape())].filter((series) => !before.has(series))).toEqual([]);
  stream.close();
});

test('every metric of a real gateway is on the page about them', async () => {
  const page = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');
  const names = [...(await scrape()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? '');
  expect(names.length).toBeGreaterThan(40);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
