/** Who gets into the admin API, over real sockets, and what the log says of it. */
import { describe, expect, test } from 'vitest';
import { parseOverview } from '../../core/admin.ts';
import { adminServers, ask, TOKEN } from '../support/admin-api.ts';

const start = adminServers();

describe('who gets in', () => {
  test('without a token this machine does, and the overview says so', async () => {
    const server = await start();
    const { status, body } = await ask(server, 'GET', '');
    expect(status).toBe(200);
    expect(parseOverview(body)).toMatchObject({ access: 'loopback', models: [{ name: 'mini' }] });
    expect((await ask(server, 'GET', '/session')).status).toBe(204);
  });

  test('with a token nobody does without it; the answer says how, and no path tells more', async () => {
    const server = await start({ token: TOKEN });
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/session'],
      ['GET', '/models/mini'],
      ['POST', '/models/mini/rollback'],
      ['DELETE', '/models/mini/versions/1'],
      ['POST', '/uploads?fileName=x'],
      ['GET', '/imports'],
      ['PATCH', '/imports'],
    ] as const) {
      const answer = await ask(server, method, path);
      expect([answer.status, answer.body.code], `${method} ${path}`).toEqual([401, 'UNAUTHENTICATED']);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
    expect(server.operations.calls).toEqual([]);
    const right = { authorization: `Bearer ${TOKEN}` };
    expect(parseOverview((await ask(server, 'GET', '', { headers: right })).body).access).toBe('token');
  });

  test('an address that guesses is locked out with the time that it lasts', async () => {
    const server = await start({ token: TOKEN });
    const guess = (token: string) => ask(server, 'GET', '', { headers: { authorization: `Bearer ${token}` } });
    for (let i = 0; i < 10; i += 1) expect((await guess('wrong')).status).toBe(401);
    const locked = await guess(TOKEN);
    expect([locked.status, locked.body.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(290);
    expect(JSON.stringify(server.log)).not.toContain(TOKEN);
  });

  test('a configured origin may use the rest of the API and never this one', async () => {
    const origin = 'https://shop.example';
    const server = await start({ token: TOKEN, origins: ['*'] });
    const right = { authorization: `Bearer ${TOKEN}`, origin };
    for (const path of ['/v1/admin', '/v1/%61dmin']) {
      const answer = await fetch(server.url + path, { headers: right });
      expect([answer.status, answer.headers.get('access-control-allow-origin')], path).toEqual([403, null]);
      const preflight = await fetch(server.url + path, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
      });
      expect([preflight.status, preflight.headers.get('access-control-allow-origin')], path).toEqual([403, null]);
    }
    const models = await fetch(`${server.url}/v1/models`, { headers: { origin } });
    expect(models.headers.get('access-control-allow-origin')).toBe(origin);
  });

  test('what changes something is refused as a form, as text and without the header', async () => {
    const server = await start();
    const path = `${server.url}/v1/admin/models/mini/rollback`;
    const post = (headers: Record<string, string>, body: string | null = null) =>
      fetch(path, { method: 'POST', headers, body });
    expect((await post({})).status).toBe(403);
    expect((await post({ 'x-twinlens-admin': '1', 'content-type': 'text/plain' }, '{}')).status).toBe(415);
    expect(
      (await post({ 'x-twinlens-admin': '1', 'content-type': 'application/x-www-form-urlencoded' }, 'a=b')).status,
    ).toBe(415);
    expect(server.operations.calls).toEqual([]);
  });

  test('changes and refusals are in the log with who asked and why not, reading is not', async () => {
    const server = await start();
    await ask(server, 'POST', '/models/mini/rollback');
    await ask(server, 'POST', '/models/none/rollback');
    await ask(server, 'GET', '');
    const lines = server.log.filter((line) => line.event_type === 'admin' && line.level === 'info');
    expect(lines).toMatchObject([
      { actor: 'admin', address: '127.0.0.1', method: 'POST', path: '/v1/admin/models/mini/rollback', status: 200 },
      {
        path: '/v1/admin/models/none/rollback',
        status: 404,
        code: 'MODEL_NOT_FOUND',
        reason: 'There is no model none.',
        msg: 'refused',
      },
    ]);
    expect(lines[0]).not.toHaveProperty('reason');
  });

  test('a gateway that drains changes nothing more and can still be looked at', async () => {
    const server = await start();
    void server.gate.drain();
    expect((await ask(server, 'POST', '/models/mini/rollback')).body.code).toBe('DRAINING');
    expect((await ask(server, 'GET', '')).status).toBe(200);
  });
});
