/** Tokens of clients and operators, rotated under the real gateway while connections are open. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { TwinlensClient } from '../../client/index.ts';
import { tokenProtocol } from '../../core/token-protocol.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, runGateway, startGateway } from '../support/gateway-process.ts';
import { StreamClient } from '../support/stream-client.ts';

const ANNA = 'annas-first-secret-token';
const ANNA_NEXT = 'annas-second-secret-token';
const BEN = 'bens-secret/token+with=signs';
const ADMIN = 'the-first-operators-token';
const ADMIN_NEXT = 'the-second-operators-token';

const folder = mkdtempSync(join(tmpdir(), 'twinlens-tokens-'));
let versions = 0;

/** As Kubernetes does it: a new folder, and one rename of the symbolic link that leads to it. */
function mount(files: Readonly<Record<string, string>>): void {
  versions += 1;
  const version = `v${versions}`;
  mkdirSync(join(folder, version));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, version, name), text);
  symlinkSync(version, join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'now'));
}

let gateway: GatewayProcess;
beforeAll(async () => {
  mount({ clients: `anna:${ANNA}\nben:${BEN}\n`, admin: ADMIN });
  gateway = await startGateway({
    env: {
      TWINLENS_CLIENT_TOKENS_FILE: join(folder, 'now/clients'),
      TWINLENS_ADMIN_TOKEN_FILE: join(folder, 'now/admin'),
      TWINLENS_INSTANCES: '1',
      TWINLENS_LOG_LEVEL: 'trace',
    },
  });
});
afterAll(async () => {
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  expect(gateway.errors).toBe('');
  rmSync(folder, { recursive: true });
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const classify = (headers: Record<string, string>, query = '') =>
  fetch(`${gateway.url}/v1/classify${query}`, { method: 'POST', body: clock(), headers });
const statusOf = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(gateway.url + path, { headers });
  await response.arrayBuffer();
  return response.status;
};
const offering = (token: string) => ({ protocols: ['twinlens.v1', tokenProtocol(token)] });

/** Resolves once the gateway has said it `times` times that it read this secret again. */
const readAgain = async (what: string, times: number) => {
  const said = () => gateway.log.filter((line) => line.event_type === 'secret_changed' && line.what === what).length;
  await gateway.logged(() => said() >= times);
};

describe('over HTTP', () => {
  test('every path of the API asks for a token, however it is written; what operators and browsers need does not', async () => {
    const paths = ['/v1/models', '/v1/models/efficientnet-lite0', '/%761/models', '/v1/%6Dodels', '/v1/stream'];
    for (const path of paths) expect(await statusOf(path), path).toBe(401);
    const file = '/v1/models/efficientnet-lite0/versions/1/files/model.json';
    expect([await statusOf(file), await statusOf(file, bearer(ANNA))]).toEqual([401, 200]);
    for (const path of ['/health', '/health/ready', '/metrics', '/openapi.json']) {
      expect(await statusOf(path), path).toBe(200);
    }
  });

  test('the answer says which scheme, the log says whose request it was', async () => {
    const refused = await classify({ 'x-request-id': 'nobody-1' });
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="twinlens"']);
    expect(await refused.json()).toMatchObject({ code: 'UNAUTHENTICATED', instance: 'nobody-1' });
    expect(await gateway.logged((line) => line.request_id === 'nobody-1')).toMatchObject({ code: 'UNAUTHENTICATED' });
    const letIn = await classify({ ...bearer(BEN), 'x-request-id': 'bens-1' });
    expect(letIn.status).toBe(200);
    expect(await gateway.logged((line) => line.request_id === 'bens-1')).toMatchObject({ client: 'ben', code: 'OK' });
  });

  test('a client’s token is no operator’s; an operator may do what clients may', async () => {
    expect(await statusOf('/v1/admin/session', bearer(ANNA))).toBe(401);
    expect(await statusOf('/v1/admin/session', bearer(ADMIN))).toBe(204);
    expect(await statusOf('/v1/models', bearer(ADMIN))).toBe(200);
  });
});

describe('over the WebSocket', () => {
  test('a token comes in the header or, as browsers must, among the subprotocols, and is not selected', async () => {
    for (const options of [{ headers: bearer(BEN) }, offering(BEN)]) {
      const client = await StreamClient.open(gateway.streamUrl, options);
      expect(client.socket.protocol).toBe('twinlens.v1');
      client.close();
    }
    for (const options of [{}, { headers: bearer('wrong') }]) {
      const refusal = await StreamClient.refused(gateway.streamUrl, options);
      expect([refusal.status, refusal.headers['www-authenticate']]).toEqual([401, 'Bearer realm="twinlens"']);
    }
  });

  test('a browser, which can’t read the answer to a handshake, is told by a message and a close code', async () => {
    const handshakes: [string[], { origin?: string }][] = [
      [offering('wrong').protocols, {}],
      [['twinlens.v1', 'twinlens.token.!'], {}],
      [['twinlens.v1'], { origin: gateway.url }],
    ];
    for (const [protocols, headers] of handshakes) {
      const socket = new WebSocket(gateway.streamUrl, protocols, { headers });
      const messages: string[] = [];
      socket.on('message', (data: Buffer) => messages.push(data.toString()));
      const code = await new Promise((resolve) => socket.on('close', resolve));
      expect(code).toBe(4401);
      expect(messages.map((text) => JSON.parse(text))).toMatchObject([{ type: 'error', code: 'UNAUTHENTICATED' }]);
    }
  });

  test('the SDK sends its token over both', async () => {
    const client = new TwinlensClient({ url: gateway.url, WebSocket, token: () => BEN });
    const data = clock();
    const image = { encoding: 'jpeg', data } as const;
    expect((await client.classify(image, { top: 1 })).predictions[0]?.label).toBe('analog clock');
    expect((await client.classifyHttp(image, { top: 1 })).predictions[0]?.label).toBe('analog clock');
    expect(await client.models()).toHaveLength(1);
    client.close();
    const stranger = new TwinlensClient({ url: gateway.url, WebSocket, token: 'not-one-of-theirs-at-all' });
    await expect(stranger.classifyHttp(image)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(stranger.classify(image)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    stranger.close();
  });
});

describe('rotation', () => {
  test('the old token is refused and the new one taken, without a restart; connections of others stay open', async () => {
    const anna = await StreamClient.open(gateway.streamUrl, offering(ANNA));
    const ben = await StreamClient.open(gateway.streamUrl, offering(BEN));
    // Both of Anna's count for a while, so that she can change without a gap.
    mount({ clients: `anna:${ANNA}\nanna:${ANNA_NEXT}\nben:${BEN}\n`, admin: ADMIN });
    await readAgain('client tokens', 1);
    expect([await statusOf('/v1/models', bearer(ANNA)), await statusOf('/v1/models', bearer(ANNA_NEXT))]).toEqual([
      200, 200,
    ]);
    await anna.roundTrip();

    mount({ clients: `anna:${ANNA_NEXT}\nben:${BEN}\n`, admin: ADMIN_NEXT });
    await Promise.all([readAgain('client tokens', 2), readAgain('admin token', 1)]);
    expect([await statusOf('/v1/models', bearer(ANNA)), await statusOf('/v1/models', bearer(ANNA_NEXT))]).toEqual([
      401, 200,
    ]);
    expect([
      await statusOf('/v1/admin/session', bearer(ADMIN)),
      await statusOf('/v1/admin/session', bearer(ADMIN_NEXT)),
    ]).toEqual([401, 204]);
    expect(await anna.closed, 'a connection by a withdrawn token ends').toMatchObject({ code: 4401 });
    ben.classify('b', clock());
    expect((await ben.answer('b')).type).toBe('result');
    ben.close();
  });

  test('files that are missing or no use for a moment change nothing, and the log says so', async () => {
    mount({ clients: 'anna without colon\n' });
    await gateway.logged((line) => line.event_type === 'secret_unusable' && line.what === 'client tokens');
    await gateway.logged((line) => line.event_type === 'secret_unusable' && line.what === 'admin token');
    expect([
      await statusOf('/v1/models', bearer(BEN)),
      await statusOf('/v1/models', bearer('anna without colon')),
      await statusOf('/v1/admin/session', bearer(ADMIN_NEXT)),
    ]).toEqual([200, 401, 204]);
    mount({ clients: `carl:${ANNA}\n`, admin: ADMIN });
    await Promise.all([readAgain('client tokens', 3), readAgain('admin token', 2)]);
    expect([await statusOf('/v1/models', bearer(BEN)), await statusOf('/v1/models', bearer(ANNA))]).toEqual([401, 200]);
    mount({ clients: `ben:${BEN}\n`, admin: ADMIN });
    await readAgain('client tokens', 4);
  });
});

describe('the log', () => {
  test('has failed logins and lock-outs with their address, and no token from any place where one may come', async () => {
    const stray = 'stray-secret-token-12345';
    const encoded = tokenProtocol(stray);
    await classify({}, `?token=${stray}`);
    await classify({ ...bearer(BEN) }, `?access_token=${stray}`);
    await statusOf(`/v1/models?token=${stray}`, bearer(stray));
    await statusOf(`/nothing?token=${stray}`);
    await statusOf('/v1/models', { 'x-api-key': stray, cookie: `token=${stray}`, 'proxy-authorization': stray });
    await statusOf('/v1/models', { authorization: `Basic ${btoa(`anna:${stray}`)}` });
    await StreamClient.refused(`${gateway.streamUrl}?token=${stray}`, { headers: bearer(stray) });
    await expect(StreamClient.open(`${gateway.streamUrl}?token=${stray}`, offering(stray))).rejects.toThrow('ended');
    const client = await StreamClient.open(gateway.streamUrl, offering(BEN));
    client.send({ type: 'ping', id: 'x', token: stray });
    client.send(`{"token":"${stray}"`);
    await client.roundTrip();
    client.close();
    await client.closed;
    for (let i = 0; i < 10; i += 1) await statusOf('/v1/admin/session', bearer(`${stray}-${i}`));
    expect(await statusOf('/v1/admin/session', bearer(ADMIN)), 'locked out').toBe(429);
    for (let i = 0; i < 10; i += 1) await statusOf('/v1/models', bearer(`${stray}-${i}`));
    for (const event of ['admin_refused', 'admin_locked_out', 'client_refused', 'client_locked_out']) {
      expect(await gateway.logged((line) => line.event_type === event)).toMatchObject({ address: '127.0.0.1' });
    }
    const text = JSON.stringify(gateway.log) + gateway.errors;
    const secrets = [stray, encoded, btoa(`anna:${stray}`), ANNA, ANNA_NEXT, BEN, ADMIN, ADMIN_NEXT];
    for (const secret of secrets) expect(text.includes(secret), secret).toBe(false);
    expect(text.includes(tokenProtocol(BEN))).toBe(false);
  });
});

test.each([
  ['is missing', undefined, 'ENOENT'],
  ['holds no token', '# nobody\n', 'no token'],
  ['has a line that is none', `anna:${ANNA}\n${BEN}\n`, 'line 2'],
])('a file of client tokens that %s stops the start with its name and without its content', async (_why, text, why) => {
  const path = join(folder, 'other');
  rmSync(path, { force: true });
  if (text !== undefined) writeFileSync(path, text);
  const { code, stderr } = await runGateway({ TWINLENS_CLIENT_TOKENS_FILE: path });
  expect(code).toBe(1);
  expect(stderr).toContain('TWINLENS_CLIENT_TOKENS_FILE');
  expect(stderr).toContain(why);
  expect(stderr).not.toContain(BEN);
});
