/** The log of a real gateway: what a request's line says, which are said, and that nobody has to read them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isSampled } from '../../gateway/telemetry/index.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, ROOT, startGateway } from '../support/gateway-process.ts';
import { lives } from '../support/processes.ts';

const ONE = { TWINLENS_INSTANCES: '1' };
const classify = (gateway: GatewayProcess, id: string, body: Uint8Array<ArrayBuffer> = clock()) =>
  fetch(`${gateway.url}/v1/classify`, { method: 'POST', body, headers: { 'x-request-id': id } });

test('a line of an answered request has its durations in seconds and its score', async () => {
  const gateway = await startGateway({ env: ONE });
  await classify(gateway, 'answered');
  const line = await gateway.logged(({ request_id }) => request_id === 'answered');
  expect(line).toMatchObject({
    level: 'info',
    event_type: 'prediction',
    transport: 'http',
    code: 'OK',
    model: 'efficientnet-lite0',
    model_version: 1,
    variant: 'w16',
    provider: 'cpu',
    cached: false,
    batch_size: 1,
    confidence_score: expect.closeTo(0.6, 0.4),
  });
  const { queue_time, decode_time, prepare_time, inference_time, total_time } = line;
  const parts = [queue_time, decode_time, prepare_time, inference_time].map(Number);
  expect(Number(total_time)).toBeLessThan(10);
  expect(parts.reduce((sum, part) => sum + part, 0)).toBeLessThanOrEqual(Number(total_time) + 0.001);
  expect(parts.every((part) => part >= 0)).toBe(true);
  await gateway.stop();
});

test('of successes a share is told, chosen by their ids; failures are told always', async () => {
  const share = 0.3;
  const gateway = await startGateway({ env: { ...ONE, TWINLENS_LOG_SUCCESSES: String(share) } });
  const ids = Array.from({ length: 12 }, (_, i) => `sampled-${i}`);
  for (const id of ids) await classify(gateway, id);
  await classify(gateway, 'failed', new Uint8Array([1, 2, 3]));
  await gateway.logged(({ request_id }) => request_id === 'failed');
  const told = gateway.log.filter(({ event_type, code }) => event_type === 'prediction' && code === 'OK');
  expect(told.map(({ request_id }) => request_id)).toEqual(ids.filter((id) => isSampled(id, share)));
  await gateway.stop();
});

describe('nobody has to read the log', () => {
  test.each(['stop', 'close'] as const)(
    'a reader that does this leaves the gateway answering, and ending in time: %s',
    async (how) => {
      const gateway = await startGateway({ env: { ...ONE, TWINLENS_LOG_LEVEL: 'debug' } });
      gateway.deafen(how);
      // More than any pipe holds.
      for (let i = 0; i < 40; i += 1) {
        const many = Array.from({ length: 50 }, () => fetch(`${gateway.url}/health/live?${'x'.repeat(200)}`));
        for (const response of await Promise.all(many)) expect(response.status).toBe(200);
      }
      expect((await classify(gateway, 'unread')).status).toBe(200);
      gateway.kill('SIGTERM');
      // Its end is seen by its port: a pipe that nobody reads is not closed for us.
      const refused = async () => {
        await fetch(`${gateway.url}/health/live`);
      };
      await expect
        .poll(
          () =>
            refused().then(
              () => 'answers',
              () => 'gone',
            ),
          { timeout: 15_000 },
        )
        .toBe('gone');
      await expect.poll(() => lives(gateway.pid), { timeout: 15_000 }).toBe(false);
    },
  );
});

test('docs/logs.md has every type of event, and no other', () => {
  const page = readFileSync(join(ROOT, 'docs/logs.md'), 'utf8');
  const events = page.slice(page.indexOf('## Events'));
  const documented = [...events.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, type]) => type);
  const files = readdirSync(join(ROOT, 'gateway'), { recursive: true, encoding: 'utf8' });
  const used = new Set<string>();
  for (const file of files.filter((name) => /(?<!\.test)\.ts$/.test(name))) {
    const text = readFileSync(join(ROOT, 'gateway', file), 'utf8');
    for (const [, ...types] of text.matchAll(/event_type: (?:\w+ \? '([a-z_]+)' : )?'([a-z_]+)'/g)) {
      for (const type of types) if (type !== undefined) used.add(type);
    }
  }
  expect(documented.toSorted()).toEqual([...used].toSorted());
});
