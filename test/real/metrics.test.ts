/** Prometheus' own checker on what the gateway exposes. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { promtool, root } from './tools.ts';

let tool: string | undefined;
let gateway: GatewayProcess;
beforeAll(async () => {
  tool = promtool();
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway?.stop();
});

it('promtool check metrics finds nothing after requests that succeeded and failed', async (context) => {
  if (!tool) return context.skip("needs Debian's prometheus package");
  const body = readFileSync(join(root, 'public/samples/clock.jpg'));
  for (const sent of [body, Buffer.from('<html>'), Buffer.alloc(0)]) {
    await (await fetch(`${gateway.url}/v1/classify`, { method: 'POST', body: sent })).arrayBuffer();
  }
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(text).toContain('model_predictions_total');
  // Exits with 1 on a lint finding and 3 on a parse error, which makes this throw with what it printed.
  expect(execFileSync(tool, ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('');
});
