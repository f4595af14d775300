/** What a real gateway does with the reports of devices, on and off. */
import { expect, test } from 'vitest';
import { DEVICE_BOUNDS } from '../../core/device-report.ts';
import { startGateway } from '../support/gateway-process.ts';
import { StreamClient } from '../support/stream-client.ts';

const counts = [...DEVICE_BOUNDS.map((_, i) => (i === 2 ? 3 : 0)), 1];
const report = { timings: [{ provider: 'webgpu', counts, seconds: 12.06 }] };
const JSON_TYPE = { 'content-type': 'application/json' };

const post = (url: string, body: string = JSON.stringify(report), headers: Record<string, string> = JSON_TYPE) =>
  fetch(`${url}/v1/device-reports`, { method: 'POST', body, headers });

async function asks(streamUrl: string): Promise<boolean | undefined> {
  const stream = await StreamClient.open(streamUrl);
  const { deviceReports } = await stream.next('welcome');
  stream.close();
  return deviceReports;
}

test('a gateway that does not ask takes none', async () => {
  const gateway = await startGateway({ ready: false });
  expect((await post(gateway.url)).status).toBe(404);
  expect(await asks(gateway.streamUrl)).toBeUndefined();
  await gateway.stop();
});

test('one that asks counts them by provider, within bounds, and logs nothing of them', async () => {
  const gateway = await startGateway({
    env: { TWINLENS_DEVICE_REPORTS: 'on', TWINLENS_LOG_LEVEL: 'info' },
    ready: false,
  });
  expect(await asks(gateway.streamUrl)).toBe(true);
  expect((await post(gateway.url)).status).toBe(204);
  const scrape = async () => (await fetch(`${gateway.url}/metrics`)).text();
  const text = await scrape();
  expect(text).toContain('twinlens_device_inferences_total{provider="webgpu"} 4\n');
  expect(text).toContain('twinlens_device_inference_seconds_bucket{le="0.025",provider="webgpu"} 3\n');
  expect(text).toContain('twinlens_device_inference_seconds_count{provider="webgpu"} 4\n');
  expect(text).toMatch(/^twinlens_device_inference_seconds_sum\{provider="webgpu"\} 12\.06\d*$/m);

  const invented = { timings: [{ ...report.timings[0], provider: 'invented' }] };
  expect((await post(gateway.url, JSON.stringify(invented))).status).toBe(400);
  expect((await post(gateway.url, 'x'.repeat(5000))).status).toBe(413);
  // As another site's page could send it without leave.
  expect((await post(gateway.url, JSON.stringify(report), { 'content-type': 'text/plain' })).status).toBe(415);
  const statuses: number[] = [];
  for (let i = 0; i < 20; i += 1) statuses.push((await post(gateway.url)).status);
  expect(new Set(statuses)).toEqual(new Set([204, 429]));
  const after = await scrape();
  expect(after).not.toContain('invented');
  expect(after).toContain('twinlens_device_inferences_total{provider="webgpu"} 68\n');
  expect(gateway.log.filter((line) => JSON.stringify(line).includes('device-reports'))).toEqual([]);
  await gateway.stop();
});
