/** Start, drain, failures: the gateway as a process. */
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, runGateway, startGateway } from '../support/gateway-process.ts';
import { childrenOf } from '../support/processes.ts';
import { StreamClient } from '../support/stream-client.ts';

/** Room for many requests, time for them on a busy machine, and a run for each, though all send the same picture. */
const PATIENT = { TWINLENS_MAX_IN_FLIGHT: '200', TWINLENS_DEADLINE_MS: '60000', TWINLENS_CACHE_ENTRIES: '0' };

/** A request to classify that the gateway has let in, and whose picture has come only in half. */
async function halfRequest(
  gateway: GatewayProcess,
  id: string,
): Promise<{ outgoing: ClientRequest; rest: Uint8Array }> {
  const picture = clock();
  const outgoing = request(`${gateway.url}/v1/classify`, {
    method: 'POST',
    headers: { expect: '100-continue', 'content-length': picture.length, 'x-request-id': id },
  });
  outgoing.flushHeaders();
  await once(outgoing, 'continue');
  outgoing.write(picture.subarray(0, 1000));
  return { outgoing, rest: picture.subarray(1000) };
}

async function read(outgoing: ClientRequest): Promise<{ status: number | undefined; body: unknown }> {
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, body: JSON.parse(text) };
}

describe('a drain', () => {
  test('answers what is in flight on every transport, refuses what is new, and exits 0', async () => {
    const gateway = await startGateway({ env: { TWINLENS_INSTANCES: '1', ...PATIENT } });
    const client = await StreamClient.open(gateway.streamUrl);
    const half = await halfRequest(gateway, 'half');
    const ids = Array.from({ length: 50 }, (_, i) => `r${i}`);
    for (const id of ids) client.classify(id, clock());
    await client.roundTrip();

    const ended = gateway.stop();
    expect(await client.next('goodbye')).toMatchObject({ retryAfterMs: expect.any(Number) });
    client.classify('new', clock());
    expect(await client.answer('new')).toMatchObject({ type: 'error', code: 'DRAINING', retryable: true });
    const refused = await fetch(`${gateway.url}/v1/classify`, { method: 'POST', body: clock() });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toMatchObject({ code: 'DRAINING', retryable: true });
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(503);
    const live = await fetch(`${gateway.url}/health/live`);
    // Answered, and not to be asked again over this connection.
    expect([live.status, live.headers.get('connection')]).toEqual([200, 'close']);
    const health = await fetch(`${gateway.url}/health`);
    expect([health.status, await health.json()]).toMatchObject([503, { status: 'draining' }]);
    expect((await StreamClient.refused(gateway.streamUrl)).status).toBe(503);

    for (const id of ids) expect((await client.answer(id)).type, id).toBe('result');
    expect(await client.closed).toMatchObject({ code: 1012 });
    half.outgoing.end(half.rest);
    expect(await read(half.outgoing)).toMatchObject({ status: 200, body: { id: 'half' } });
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(gateway.errors).toBe('');
  });

  test('ends requests that do not end with DRAINING when its time is over, and exits 0 all the same', async () => {
    const gateway = await startGateway({ env: { TWINLENS_DRAIN_MS: '100', TWINLENS_INSTANCES: '1' } });
    const half = await halfRequest(gateway, 'stuck');
    half.outgoing.on('error', () => undefined);
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
    expect(gateway.log.some((line) => line.event_type === 'drain_late')).toBe(true);
  });

  test('who goes on asking is not made to wait; one Ctrl+C that comes twice is one', async () => {
    const gateway = await startGateway({ ready: false });
    const half = await halfRequest(gateway, 'held');
    half.outgoing.on('error', () => undefined);
    gateway.kill('SIGINT');
    gateway.kill('SIGINT');
    await gateway.logged((line) => line.event_type === 'draining');
    expect((await fetch(`${gateway.url}/health/live`)).status, 'still there').toBe(200);
    const again = setInterval(() => gateway.kill('SIGTERM'), 100);
    const exit = await gateway.exited;
    clearInterval(again);
    expect(exit).toEqual({ code: 143, signal: null });
  });

  test('idle connections do not hold it up, whether they answer pings or not', async () => {
    const gateway = await startGateway({ ready: false });
    const polite = await StreamClient.open(gateway.streamUrl);
    const silent = await StreamClient.open(gateway.streamUrl);
    silent.socket.pause();
    expect(await gateway.stop('SIGINT')).toEqual({ code: 0, signal: null });
    expect(await polite.closed).toMatchObject({ code: 1012 });
    expect(polite.messages.at(-1)?.type).toBe('goodbye');
    silent.socket.terminate();
  });
});

describe('a client that goes away', () => {
  test('cancels its request, while the picture comes and while it waits', async () => {
    const gateway = await startGateway({ env: { TWINLENS_INSTANCES: '1', ...PATIENT } });
    const half = await halfRequest(gateway, 'gone-early');
    half.outgoing.on('error', () => undefined);
    half.outgoing.destroy();
    await gateway.logged((line) => line.request_id === 'gone-early' && line.code === 'CANCELLED');

    const client = await StreamClient.open(gateway.streamUrl);
    for (let i = 0; i < 50; i += 1) client.classify(`busy${i}`, clock());
    await client.roundTrip();
    const picture = clock();
    const late = request(`${gateway.url}/v1/classify?priority=low`, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': picture.length, 'x-request-id': 'gone-late' },
    });
    late.on('error', () => undefined);
    late.flushHeaders();
    await once(late, 'continue');
    late.end(picture, () => late.destroy());
    await gateway.logged((line) => line.request_id === 'gone-late' && line.code === 'CANCELLED');
    for (let i = 0; i < 50; i += 1) expect((await client.answer(`busy${i}`)).type).toBe('result');
    client.close();
    await gateway.stop();
  });
});

describe('an instance that dies', () => {
  test('is replaced, and each request is answered once', async () => {
    const gateway = await startGateway({ env: { TWINLENS_INSTANCES: '2', ...PATIENT } });
    const client = await StreamClient.open(gateway.streamUrl);
    const ids = Array.from({ length: 100 }, (_, i) => `k${i}`);
    for (const id of ids) client.classify(id, clock());
    await client.next('result');
    const [victim] = childrenOf(gateway.pid);
    if (victim === undefined) throw new Error('The gateway has no instance.');
    process.kill(victim, 'SIGKILL');
    for (const id of ids) {
      const answer = await client.answer(id);
      if (answer.type === 'error') expect(answer.retryable, JSON.stringify(answer)).toBe(true);
    }
    await client.roundTrip();
    for (const id of ids) expect(client.answers(id), id).toHaveLength(1);
    client.classify('after', clock());
    expect((await client.answer('after')).type).toBe('result');
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/^twinlens_instance_exits_total\{.*restarted="true"\} 1$/m);
    client.close();
    expect((await gateway.stop()).code).toBe(0);
  });
});

describe('a start that can not be', () => {
  test('tells every mistake of the configuration at once and exits 1', async () => {
    const { code, stdout, stderr } = await runGateway({
      TWINLENS_PORT: 'x',
      TWINLENS_PROVIDER: 'tpu',
      TWINLENS_TYPO: '1',
    });
    expect([code, stdout]).toEqual([1, '']);
    for (const name of ['TWINLENS_PORT', 'TWINLENS_PROVIDER', 'TWINLENS_TYPO']) expect(stderr).toContain(name);
  });

  test('tells what to do about a port that is taken and exits 1', async () => {
    const gateway = await startGateway({ ready: false });
    const { port } = new URL(gateway.url);
    const { code, stderr } = await runGateway({ TWINLENS_PORT: port });
    expect(code).toBe(1);
    expect(stderr).toContain(`TWINLENS_PORT=${Number(port) + 1} npm start`);
    await gateway.stop();
  });

  test('tells of a models folder that is not there and exits 1', async () => {
    const { code, stderr } = await runGateway({ TWINLENS_MODELS: 'no/such/folder' });
    expect(code).toBe(1);
    expect(stderr).toContain('no/such/folder');
  });
});
