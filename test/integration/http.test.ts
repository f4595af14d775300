/** Answers over real HTTP, and what the gateway says of itself: health, metrics and its document. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseClassification } from '../../core/protocol.ts';
import { clock } from '../support/fixtures.ts';
import { ROOT } from '../support/gateway-process.ts';
import { served } from '../support/served.ts';

const site = served();
const { get } = site;

describe('classify', () => {
  test('answers with the id of the request, its own or the one that was given', async () => {
    const response = await fetch(`${site.gateway.url}/v1/classify?top=2`, { method: 'POST', body: clock() });
    const body = await response.json();
    expect(parseClassification(body).predictions).toHaveLength(2);
    expect(body).toMatchObject({ id: response.headers.get('x-request-id') });
    const named = await fetch(`${site.gateway.url}/v1/classify`, {
      method: 'POST',
      body: clock(),
      headers: { 'x-request-id': 'mine-1' },
    });
    expect(await named.json()).toMatchObject({ id: 'mine-1' });
    const line = await site.gateway.logged(({ request_id: id }) => id === 'mine-1');
    expect(line).toMatchObject({
      event_type: 'prediction',
      code: 'OK',
      model: 'efficientnet-lite0',
      model_version: 1,
      inference_time: expect.any(Number),
      confidence_score: expect.any(Number),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  test('curl as a newcomer types it', () => {
    const file = join(ROOT, 'public/samples/clock.jpg');
    const curl = spawnSync('curl', ['-s', '--data-binary', `@${file}`, `${site.gateway.url}/v1/classify?top=1`]);
    expect(JSON.parse(curl.stdout.toString())).toMatchObject({ predictions: [{ label: 'analog clock' }] });
  });

  test('an id that could break a log is replaced', async () => {
    const response = await get('/v1/models', { 'x-request-id': 'a b' });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('what it says of itself', () => {
  test('health, ready and live', async () => {
    expect(await (await get('/health/live')).json()).toEqual({ status: 'live' });
    expect(await (await get('/health/ready')).json()).toEqual({ status: 'ready' });
    expect(await (await get('/health')).json()).toMatchObject({
      status: 'ready',
      models: [{ name: 'efficientnet-lite0', details: [{ version: 1, state: 'available', provider: 'cpu' }] }],
    });
  });

  test('metrics count by codes; what clients invent is no label', async () => {
    await fetch(`${site.gateway.url}/v1/classify?model=invented`, { method: 'POST', body: clock() });
    await fetch(`${site.gateway.url}/v1/classify`, { method: 'POST', body: clock() });
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toMatch(/^model_predictions_total\{model="efficientnet-lite0",version="1"\} [1-9]/m);
    expect(text).toMatch(/^twinlens_requests_total\{model="efficientnet-lite0",version="1",code="OK"\} [1-9]/m);
    expect(text).toMatch(/^twinlens_requests_total\{model="",version="",code="MODEL_NOT_FOUND"\} [1-9]/m);
    expect(text).toMatch(/^twinlens_provider_info\{model="efficientnet-lite0",version="1",provider="cpu"\} 1/m);
    expect(text).toMatch(/^twinlens_in_flight_requests\{transport="http"\} 0/m);
    expect(text).not.toContain('invented');
    const names = [...text.matchAll(/^([a-z_]+?)(?:_bucket|_sum|_count)?(?:\{| )/gm)].map(([, name]) => name);
    for (const name of new Set(names)) expect(text, name).toContain(`# HELP ${name} `);
    const promtool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    if (promtool.error) console.log('promtool is not installed: the metrics were not checked by it');
    else expect([promtool.status, promtool.stdout + promtool.stderr]).toEqual([0, '']);
  });

  test('one request is one count, whatever its end', async () => {
    const count = async () => {
      const text = await (await get('/metrics')).text();
      return [...text.matchAll(/^twinlens_requests_total\{.*\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
    };
    const before = await count();
    await fetch(`${site.gateway.url}/v1/classify`, { method: 'POST', body: clock() });
    await fetch(`${site.gateway.url}/v1/classify?deadlineMs=1`, { method: 'POST', body: clock() });
    await fetch(`${site.gateway.url}/v1/classify`, { method: 'POST', body: clock().slice(0, 1000) });
    await fetch(`${site.gateway.url}/v1/classify`, { method: 'POST', body: 'nothing' });
    expect((await count()) - before).toBe(4);
  });

  test('the OpenAPI document names every path, and every reference in it leads somewhere', async () => {
    const document = (await (await get('/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, unknown>;
      components: { schemas: Record<string, unknown> };
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/v1/classify', '/v1/models', '/v1/models/{name}', '/health/ready', '/metrics']),
    );
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(document.components.schemas).toHaveProperty(name ?? '');
    }
    expect(text).toContain('UNDECODABLE_IMAGE');
  });
});
