/** A real Prometheus reads the real gateway with our rules loaded. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { temporaryFolders } from '../support/temporary.ts';
import { queriesOf, readDashboard, readGroups, readRules } from './observability.ts';
import { type PrometheusServer, startPrometheus } from './prometheus-server.ts';
import { prometheus, root } from './tools.ts';

const SKIPPED = "needs Debian's prometheus package";
/** Until what a scrape and an evaluation a second bring must be there; generous, for a busy machine. */
const SOON = { timeout: 120_000, interval: 500 };

const folder = temporaryFolders();
let gateway: GatewayProcess;
let server: PrometheusServer | undefined;

beforeAll(async () => {
  const program = prometheus();
  if (!program) return;
  gateway = await startGateway();
  const place = folder();
  // Without the intervals of their own, which would let the test wait for minutes.
  const groups = readGroups().groups.map(({ name, rules }) => ({ name, rules }));
  writeFileSync(join(place, 'twinlens.yml'), stringify({ groups }));
  server = await startPrometheus(program, place, {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['twinlens.yml'],
    scrape_configs: [{ job_name: 'twinlens', static_configs: [{ targets: [new URL(gateway.url).host] }] }],
  });
});
afterAll(async () => {
  await server?.stop();
  await gateway?.stop();
});

async function classify(): Promise<void> {
  const body = readFileSync(join(root, 'public/samples/clock.jpg'));
  const response = await fetch(`${gateway.url}/v1/classify`, { method: 'POST', body });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
}

const targets = z.object({
  activeTargets: z.array(
    z.object({ labels: z.object({ job: z.string() }), health: z.string(), lastError: z.string() }),
  ),
});

it('the gateway is a target that is up, read without an error', async (context) => {
  const prometheus = server;
  if (!prometheus) return context.skip(SKIPPED);
  await expect
    .poll(async () => targets.parse(await prometheus.api('targets')).activeTargets, SOON)
    .toEqual([{ labels: { job: 'twinlens' }, health: 'up', lastError: '' }]);
});

it('requests become a rate, by model and version and as the rules record it', async (context) => {
  const prometheus = server;
  if (!prometheus) return context.skip(SKIPPED);
  // The first makes the series, so that the others are an increase of it.
  await classify();
  await expect.poll(() => prometheus.values('model_predictions_total'), SOON).toEqual([1]);
  await classify();
  await classify();
  const positive = [expect.toSatisfy((rate: number) => rate > 0)];
  await expect.poll(() => prometheus.values('rate(model_predictions_total[1m])'), SOON).toEqual(positive);
  await expect.poll(() => prometheus.values('model_version:twinlens_requests:rate5m'), SOON).toEqual(positive);
  await expect.poll(() => prometheus.values('model_version:twinlens_request_seconds:p99_5m'), SOON).toEqual(positive);
});

const evaluated = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          name: z.string(),
          health: z.string(),
          lastError: z.string().optional(),
          state: z.string().optional(),
        }),
      ),
    }),
  ),
});

it('every rule is evaluated without an error, and a healthy gateway raises no alert', async (context) => {
  const prometheus = server;
  if (!prometheus) return context.skip(SKIPPED);
  const read = async () => evaluated.parse(await prometheus.api('rules')).groups.flatMap((group) => group.rules);
  await expect.poll(async () => (await read()).filter(({ health }) => health === 'unknown'), SOON).toEqual([]);
  const rules = await read();
  const { alerts, recordings } = readRules();
  expect(rules).toHaveLength(alerts.length + recordings.length);
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  expect(rules.filter(({ state = 'inactive' }) => state !== 'inactive')).toEqual([]);
});

it('every query of the dashboard is answered', async (context) => {
  if (!server) return context.skip(SKIPPED);
  for (const { where, expr } of queriesOf(readDashboard())) {
    await expect(server.api(`query?query=${encodeURIComponent(expr)}`), where).resolves.toBeDefined();
  }
});

it('a gateway that ends is told as TwinlensDown', async (context) => {
  const prometheus = server;
  if (!prometheus) return context.skip(SKIPPED);
  await gateway.stop();
  await expect
    .poll(() => prometheus.values('ALERTS{alertname="TwinlensDown", severity="critical"}'), SOON)
    .toEqual([1]);
});
