/** Every named check of /health fails for its real reason, and only then, on a real gateway. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type GatewayProcess, ROOT, startGateway } from '../support/gateway-process.ts';

const report = z.object({
  status: z.enum(['ready', 'loading', 'draining', 'failing']),
  checks: z.record(
    z.string(),
    z.object({
      ok: z.boolean(),
      value: z.union([z.number(), z.string()]),
      limit: z.number().optional(),
      message: z.string().optional(),
    }),
  ),
});

const clock = readFileSync(join(ROOT, 'public/samples/clock.jpg'));
const DEADLINE_MS = 60_000;
vi.setConfig({ testTimeout: 2 * DEADLINE_MS });
let data: string;
let gateway: GatewayProcess | undefined;
beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), 'twinlens-health-'));
});
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});
afterAll(() => rmSync(data, { recursive: true }));

async function start(env: Record<string, string>, ready = true): Promise<GatewayProcess> {
  gateway = await startGateway({ env: { TWINLENS_INSTANCES: '1', ...env }, ready });
  return gateway;
}

async function health({ url }: GatewayProcess) {
  const response = await fetch(`${url}/health`);
  const { status, checks } = report.parse(await response.json());
  const failing = Object.entries(checks).flatMap(([name, { ok }]) => (ok ? [] : [name]));
  return { http: response.status, status, checks, failing };
}

const classify = ({ url }: GatewayProcess) => fetch(`${url}/v1/classify`, { method: 'POST', body: clock });

/** The checks are a second old at most, so that a change is seen soon. */
const eventually = (look: () => Promise<void>) => vi.waitFor(look, { timeout: DEADLINE_MS, interval: 100 });

test('all checks are well on a gateway that is ready, each with what it measured', async () => {
  const up = await start({ TWINLENS_DATA: data });
  await eventually(async () => {
    const { http, status, checks, failing } = await health(up);
    expect([http, status, failing]).toEqual([200, 'ready', []]);
    expect(Object.keys(checks).sort()).toEqual(
      ['disk_available', 'event_loop', 'gpu', 'instances', 'memory_available', 'model_loaded'].sort(),
    );
    expect(checks.gpu?.value).toBe('not configured');
    expect(checks.instances?.value).toBe(1);
    expect(checks.disk_available?.value).toBeGreaterThan(0);
  });
});

test('model_loaded fails while no model can answer, and startup and ready wait for it', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'twinlens-empty-'));
  const up = await start({ TWINLENS_MODELS: empty }, false);
  const { http, status, failing } = await health(up);
  expect([http, status, failing]).toEqual([503, 'loading', ['model_loaded']]);
  for (const [path, expected] of [
    ['live', 200],
    ['startup', 503],
    ['ready', 503],
  ] as const) {
    expect((await fetch(`${up.url}/health/${path}`)).status, path).toBe(expected);
  }
  rmSync(empty, { recursive: true });
});

test('memory_available fails beyond the watermark: requests are refused at once, with a code, and counted', async () => {
  // Less than the gateway and its instance need.
  const up = await start({ TWINLENS_MEMORY_BYTES: String(100 * 1024 ** 2) });
  await eventually(async () => expect((await health(up)).failing).toEqual(['memory_available']));
  const refused = await classify(up);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  expect(await refused.json()).toMatchObject({ code: 'QUEUE_FULL', retryable: true });
  await up.logged(({ event_type }) => event_type === 'memory_high');
  const metrics = await (await fetch(`${up.url}/metrics`)).text();
  expect(metrics).toMatch(/^twinlens_shed_requests_total\{reason="memory"\} [1-9]/m);
  expect(metrics).toMatch(/^twinlens_memory_limit_bytes 104857600$/m);
});

test('disk_available fails with less space than configured', async () => {
  const up = await start({ TWINLENS_DATA: data, TWINLENS_HEALTH_DISK_BYTES: String(1024 ** 5 / 1024) });
  const { http, failing } = await health(up);
  expect([http, failing]).toEqual([503, ['disk_available']]);
  expect((await classify(up)).status, 'it serves all the same').toBe(200);
});

test('instances fails while the only one is down, and is well again when it is back', async () => {
  const up = await start({});
  // The checks are a second old at most, and a new instance is up sooner: so each one is killed until it is seen.
  await eventually(async () => {
    const children = readFileSync(`/proc/${up.pid}/task/${up.pid}/children`, 'utf8').trim();
    for (const child of children.split(' ').filter(Boolean)) process.kill(Number(child), 'SIGKILL');
    expect((await health(up)).failing).toContain('instances');
  });
  await eventually(async () => expect((await health(up)).failing).toEqual([]));
});

test('event_loop fails while the process can not turn to its work', async () => {
  const up = await start({ TWINLENS_HEALTH_LAG_MS: '1' });
  await eventually(async () => {
    await Promise.all(Array.from({ length: 32 }, () => classify(up).then((answer) => answer.arrayBuffer())));
    expect((await health(up)).failing).toContain('event_loop');
  });
});

test('gpu fails where one is asked for and another provider runs', async () => {
  const up = await start({ TWINLENS_PROVIDER: 'cuda,cpu' });
  const { checks, failing } = await health(up);
  if (checks.gpu?.ok) console.log('This machine has a GPU that works: the check could not be seen failing.');
  else expect([failing, checks.gpu?.message]).toEqual([['gpu'], expect.stringContaining('provider_fallback')]);
});
