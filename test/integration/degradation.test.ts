/** Fallbacks on the real gateway: a model that goes away, and one whose instances die again and again. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseClassification } from '../../core/protocol.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { MODEL, publish, withdraw } from '../support/model-versions.ts';
import { childrenOf } from '../support/processes.ts';
import { StreamClient } from '../support/stream-client.ts';

const PATIENCE_MS = 180_000;
const SPARE = 'spare';

let folder: string;
let models: string;
let gateway: GatewayProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlens-degraded-'));
  models = join(folder, 'models');
  publish(models, 1);
  cpSync(join(models, MODEL, '1'), join(models, SPARE, '1'), { recursive: true });
  const manifest = join(models, SPARE, '1', 'model.json');
  writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, 'utf8')), name: SPARE }));
  gateway = await startGateway({
    timeoutMs: PATIENCE_MS,
    env: {
      TWINLENS_MODELS: models,
      TWINLENS_CATALOGUES: '',
      TWINLENS_DEFAULT_MODEL: MODEL,
      TWINLENS_FALLBACKS: `${MODEL}=${SPARE}`,
      TWINLENS_BREAKER_FAILURES: '1',
      TWINLENS_BREAKER_MS: '3000',
      TWINLENS_CACHE_ENTRIES: '0',
      TWINLENS_POLL_MS: '200',
      TWINLENS_INSTANCES: '1',
      TWINLENS_DEADLINE_MS: '120000',
    },
  });
}, PATIENCE_MS);
afterAll(async () => {
  await gateway?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(): Promise<string> {
  const response = await fetch(`${gateway.url}/v1/classify`, { method: 'POST', body: clock() });
  const body: unknown = await response.json();
  if (!response.ok) return typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : 'no code';
  const { model, degraded } = parseClassification(body);
  return degraded ? `${model} for ${degraded.from}: ${degraded.reason}` : model;
}

async function metric(line: string): Promise<string | undefined> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return text.split('\n').find((one) => one.startsWith(line));
}

const logged = (type: string, after: number) =>
  expect
    .poll(() => gateway.log.slice(after).some(({ event_type }) => event_type === type), { timeout: 60_000 })
    .toBe(true);

test(
  'a model that goes away is stood in for on every transport, and is back when it is back',
  async () => {
    expect(await ask()).toBe(MODEL);
    withdraw(models, 1);
    const degraded = `${SPARE} for ${MODEL}: unavailable`;
    await expect.poll(ask, { timeout: 60_000 }).toBe(degraded);
    const client = await StreamClient.open(gateway.streamUrl);
    client.classify('a', clock());
    expect(await client.answer('a')).toMatchObject({
      type: 'result',
      model: SPARE,
      degraded: { from: MODEL, reason: 'unavailable' },
    });
    client.classify('b', clock(), { model: `${MODEL}@1` });
    expect(await client.answer('b')).toMatchObject({ type: 'error' });
    client.close();
    expect(await (await fetch(`${gateway.url}/health`)).json()).toMatchObject({
      status: 'ready',
      degraded: [{ model: MODEL, by: SPARE, from: MODEL, reason: 'unavailable' }],
    });
    expect(await metric(`twinlens_degraded{model="${MODEL}",reason="model"}`)).toMatch(/ 1$/);
    const before = gateway.log.length;
    publish(models, 1);
    await logged('recovered', before);
    expect(await ask()).toBe(MODEL);
    expect(await metric(`twinlens_degraded{model="${MODEL}",reason="model"}`)).toMatch(/ 0$/);
  },
  PATIENCE_MS,
);

test(
  'a model whose instances die again and again is turned away from, and tried again by itself',
  async () => {
    const before = gateway.log.length;
    // Whatever runs is ended, until a request has failed on its second try too.
    const killer = setInterval(() => {
      for (const pid of childrenOf(gateway.pid)) process.kill(pid, 'SIGKILL');
    }, 20);
    const codes: string[] = [];
    try {
      while (!codes.includes('ENGINE_FAILED')) codes.push(await ask());
    } finally {
      clearInterval(killer);
    }
    await logged('breaker_opened', before);
    expect(await metric(`twinlens_breaker_open{model="${MODEL}",version="1"}`)).toMatch(/ 1$/);
    const answers: string[] = [];
    await expect
      .poll(
        async () => {
          answers.push(await ask());
          return answers.at(-1);
        },
        { timeout: 90_000, interval: 300 },
      )
      .toBe(MODEL);
    await logged('breaker_closed', before);
    expect(await metric(`twinlens_breaker_open{model="${MODEL}",version="1"}`)).toMatch(/ 0$/);
    expect(answers).toContain(`${SPARE} for ${MODEL}: breaker`);
  },
  PATIENCE_MS,
);
