/** What answers when something doesn't work: over the real gateway, and over real instances that die or lack a GPU. */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asTwinlensError } from '../../core/errors.ts';
import { parseClassification } from '../../core/protocol.ts';
import { goldenImage } from '../contract/inference-engine.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { MODEL, publish, withdraw } from '../support/model-versions.ts';
import { platformClock, startRegistry } from '../support/registry.ts';
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
  'a version whose instances die again and again is turned away from, and tried again by itself',
  async () => {
    const { registry, log } = await startRegistry({
      TWINLENS_INSTANCES: '1',
      TWINLENS_BREAKER_FAILURES: '1',
      TWINLENS_BREAKER_MS: '2000',
    });
    const has = (type: string) => log.some(({ fields }) => fields.event_type === type);
    const up = () => expect.poll(() => registry.ready, { timeout: 60_000, interval: 5 }).toBe(true);
    const classify = async () => {
      const handle = registry.acquire(undefined);
      const deadline = platformClock.now() + 120_000;
      // Large, so that it still runs when its instance is ended.
      const image = { encoding: 'rgb8', width: 2000, height: 2000, data: new Uint8Array(12_000_000) } as const;
      const asked = { image, top: 1, deadline, priority: 'normal', client: 'test' } as const;
      try {
        return (await handle.classify(asked)).model;
      } catch (error) {
        return asTwinlensError(error).code;
      } finally {
        handle.release();
      }
    };
    const end = () => {
      for (const pid of registry.pids) process.kill(pid, 'SIGKILL');
    };
    try {
      await up();
      // Twice a request: the second time ends it. One that was quicker is no failure, and another follows.
      for (let ended = ''; ended !== 'ENGINE_FAILED'; ) {
        const answer = classify();
        end();
        await expect.poll(() => registry.ready, { timeout: 60_000, interval: 5 }).toBe(false);
        await up();
        end();
        ended = await answer;
      }
      expect(has('breaker_opened')).toBe(true);
      expect(() => registry.acquire(undefined)).toThrowError(
        expect.objectContaining({ code: 'MODEL_NOT_READY', retryAfterMs: expect.any(Number) }),
      );
      await expect
        .poll(
          async () => {
            try {
              return await classify();
            } catch (error) {
              return asTwinlensError(error).code;
            }
          },
          { timeout: 60_000, interval: 200 },
        )
        .toBe(MODEL);
      expect(has('breaker_closed')).toBe(true);
    } finally {
      await registry.close();
    }
  },
  PATIENCE_MS,
);

test(
  'a provider that does not work here is passed over for the next, and answers say so',
  async (context) => {
    const { registry, log } = await startRegistry({ TWINLENS_PROVIDER: 'webgpu,cpu', TWINLENS_INSTANCES: '1' });
    try {
      await expect.poll(() => registry.ready, { timeout: 120_000 }).toBe(true);
      const handle = registry.acquire(undefined);
      const deadline = platformClock.now() + 60_000;
      const asked = { image: goldenImage(0), top: 1, deadline, priority: 'normal', client: 'test' } as const;
      const { provider } = await handle.classify(asked).finally(() => handle.release());
      if (provider === 'webgpu') context.skip('WebGPU works here, so there is nothing to pass over.');
      expect([provider, handle.degraded]).toEqual(['cpu', { from: 'webgpu', reason: 'provider' }]);
      expect(registry.degraded).toEqual([{ model: MODEL, from: 'webgpu', by: 'cpu', reason: 'provider' }]);
      const line = log.find(({ fields }) => fields.event_type === 'provider_fallback');
      expect([line?.level, line?.message]).toEqual(['warn', expect.stringContaining('webgpu does not (')]);
    } finally {
      await registry.close();
    }
  },
  PATIENCE_MS,
);

test(
  'on a GPU whose memory is full no session is made: the next provider answers, and the log says why',
  async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'nvidia-smi'), '#!/bin/sh\necho "0, 5, 950, 1000"\n');
    chmodSync(join(bin, 'nvidia-smi'), 0o755);
    const env = { PATH: `${bin}:${process.env.PATH}`, TWINLENS_PROVIDER: 'cuda,cpu', TWINLENS_INSTANCES: '1' };
    const full = await startGateway({ timeoutMs: PATIENCE_MS, env });
    try {
      const { msg } = await full.logged(({ event_type: type }) => type === 'provider_fallback');
      expect(msg).toContain('cuda does not (95 % of the memory of GPU 0 is in use, and from 90 %');
    } finally {
      await full.stop();
    }
  },
  PATIENCE_MS,
);
