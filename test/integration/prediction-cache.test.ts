/** The result cache on the real gateway: over both transports, under load, and across a hot swap. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseClassification } from '../../core/protocol.ts';
import { clock, fixture } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { nameIn, publish, withdraw } from '../support/model-versions.ts';
import { StreamClient } from '../support/stream-client.ts';

const PATIENCE_MS = 120_000;
const MANY = 3000;
/** Much less than there are requests: those that share a run take no place. */
const QUEUE = 8;

let folder: string;
let gateway: GatewayProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlens-cache-'));
  publish(join(folder, 'models'), 1);
  gateway = await startGateway({
    timeoutMs: PATIENCE_MS,
    env: {
      TWINLENS_MODELS: join(folder, 'models'),
      TWINLENS_CATALOGUES: '',
      TWINLENS_POLL_MS: '200',
      TWINLENS_INSTANCES: '1',
      TWINLENS_BATCH_MAX: '1',
      TWINLENS_QUEUE_MAX: String(QUEUE),
      TWINLENS_MAX_IN_FLIGHT: String(MANY),
      TWINLENS_DEADLINE_MS: '120000',
    },
  });
}, PATIENCE_MS);
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

const picture = clock();
/** A picture that takes long: it is there to keep the one instance busy. */
const SIDE = 1500;
const slow = (seed: number) => new Uint8Array(SIDE * SIDE * 3).fill(seed);

/** Sum of the series of a metric whose labels contain `label`. */
async function metric(name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
const picturesRun = () => metric('twinlens_batch_size_sum');

async function post(headers: Record<string, string> = {}, query = '') {
  const response = await fetch(`${gateway.url}/v1/classify${query}`, { method: 'POST', body: picture, headers });
  return parseClassification(await response.json());
}

test(
  'thousands of identical requests in flight run once, and each is answered and counted',
  async () => {
    const before = await picturesRun();
    const asked = await metric('twinlens_requests_total', 'code="OK"');
    const client = await StreamClient.open(gateway.streamUrl);
    for (let at = 0; at < MANY; at += 1) client.classify(`r${at}`, picture);
    await client.until(() => client.messages.length > MANY, 'all answers');
    const answers = client.messages.filter((message) => message.type === 'result');
    expect(answers).toHaveLength(MANY);
    expect(new Set(answers.map(({ predictions }) => JSON.stringify(predictions))).size).toBe(1);
    expect(answers.filter(({ cached }) => !cached)).toHaveLength(1);
    expect((await picturesRun()) - before).toBe(1);
    expect((await metric('twinlens_requests_total', 'code="OK"')) - asked).toBe(MANY);
    expect(await metric('twinlens_cache_requests_total', 'result="miss"')).toBe(1);
    const [hits, coalesced] = [
      await metric('twinlens_cache_requests_total', 'result="hit"'),
      await metric('twinlens_cache_requests_total', 'result="coalesced"'),
    ];
    expect(hits + coalesced).toBe(MANY - 1);
    expect(coalesced).toBeGreaterThan(0);
    client.close();
  },
  PATIENCE_MS,
);

test(
  'a run goes on for the others when the one that began it is cancelled',
  async () => {
    const before = await picturesRun();
    const client = await StreamClient.open(gateway.streamUrl);
    // Of streams, so that they stand in the queue at once, unhashed.
    for (const stream of ['1', '2']) {
      client.classify(stream, slow(1), { image: { encoding: 'rgb8', width: SIDE, height: SIDE }, stream });
    }
    const png = fixture('one-pixel.png');
    const image = { encoding: 'png' } as const;
    client.classify('first', png, { image });
    await client.roundTrip();
    client.classify('second', png, { image });
    await client.roundTrip();
    client.send({ type: 'cancel', id: 'first' });
    expect(await client.answer('first')).toMatchObject({ type: 'error', code: 'CANCELLED' });
    expect(await client.answer('second')).toMatchObject({ type: 'result', cached: true, timings: { infer: 0 } });
    for (const stream of ['1', '2']) expect(await client.answer(stream)).toMatchObject({ type: 'result' });
    expect((await picturesRun()) - before).toBe(3);
    client.close();
  },
  PATIENCE_MS,
);

test('Cache-Control of a request is kept: no-cache runs anew, no-store keeps nothing', async () => {
  await post({}, '?top=2');
  const before = await picturesRun();
  expect(await post({}, '?top=2')).toMatchObject({ cached: true, provider: 'cpu', timings: { infer: 0 } });
  expect(await picturesRun()).toBe(before);
  expect(await post({ 'cache-control': 'max-age=0, No-Cache' }, '?top=2')).toMatchObject({ cached: false });
  expect(await post({ 'cache-control': 'no-store' }, '?top=3')).toMatchObject({ cached: false });
  expect(await post({}, '?top=3')).toMatchObject({ cached: false });
  expect((await picturesRun()) - before).toBe(3);
});

test(
  'under load, a hot swap and the way back give no answer of the version before as one of the version after',
  async () => {
    const client = await StreamClient.open(gateway.streamUrl);
    client.send({ type: 'subscribe', models: [] });
    let stable = 1;
    let stop = false;
    const wrong: unknown[] = [];
    const seen = new Set<string>();
    const name = (await post()).predictions[0]?.label ?? '';
    const ask = async () => {
      const before = stable;
      const { version, cached, predictions } = await post();
      // Read once more: a swap while it was under way makes both right.
      const right = version === before || version === stable;
      if (!right || predictions[0]?.label !== nameIn(version, name))
        wrong.push({ version, before, stable, predictions });
      seen.add(`${version} ${cached}`);
    };
    const load = async () => {
      while (!stop) await ask();
    };
    const moved = async (to: number) => {
      await client.next('model', ({ event, version }) => event === 'label' && version === to);
      stable = to;
    };
    const asking = [load(), load(), load(), load()];
    publish(join(folder, 'models'), 2);
    await moved(2);
    await expect.poll(() => seen, { timeout: 20_000 }).toContain('2 true');
    expect(seen).toContain('2 false');
    client.messages.length = 0;
    withdraw(join(folder, 'models'), 2);
    await moved(1);
    seen.clear();
    await expect.poll(() => seen, { timeout: 20_000 }).toContain('1 true');
    // What version 1 had answered was forgotten when it was unloaded.
    expect(seen).toContain('1 false');
    stop = true;
    await Promise.all(asking);
    expect(wrong).toEqual([]);
    client.close();
  },
  PATIENCE_MS,
);
