/** The admin API of models over real sockets: what each call asks of serving, and what is refused before. */
import { describe, expect, test } from 'vitest';
import { parseAdminModel } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { adminModel } from '../doubles/fake-operations.ts';
import { adminServers, ask } from '../support/admin-api.ts';

const start = adminServers();

describe('models', () => {
  test.each<[string, string, unknown, string]>([
    ['POST', '/versions/1/load', undefined, 'load mini 1 admin'],
    ['POST', '/versions/1/unload', undefined, 'unload mini 1 admin'],
    ['POST', '/promote', { version: 1 }, 'promote mini 1 admin'],
    ['POST', '/promote', undefined, 'promote mini undefined admin'],
    ['POST', '/rollback', undefined, 'rollback mini admin'],
    ['POST', '/follow-newest', undefined, 'follow-newest mini admin'],
    ['POST', '/hold', undefined, 'hold mini admin'],
    ['PUT', '/labels/blue', { version: 1 }, 'label mini blue 1 admin'],
    ['DELETE', '/labels/blue', undefined, 'remove-label mini blue admin'],
    ['PUT', '/policy', { kind: 'latest', count: 2 }, 'policy mini {"kind":"latest","count":2} admin'],
    ['PUT', '/canary', { version: 1, share: 0.1 }, 'canary mini {"version":1,"share":0.1} admin'],
    ['DELETE', '/canary', undefined, 'end-canary mini admin'],
  ])('%s %s answers the model after the change', async (method, path, body, call) => {
    const server = await start();
    const answer = await ask(server, method, `/models/mini${path}`, { body });
    expect(parseAdminModel(answer.body).name).toBe('mini');
    expect(server.operations.calls).toEqual([call]);
  });

  test('the last version takes the model with it: nothing is left to answer', async () => {
    const server = await start();
    server.operations.set(adminModel('mini', [1, 2]));
    expect(parseAdminModel((await ask(server, 'DELETE', '/models/mini/versions/2')).body).versions).toHaveLength(1);
    expect((await ask(server, 'DELETE', '/models/mini/versions/1')).status).toBe(204);
    expect((await ask(server, 'GET', '/models/mini')).body.code).toBe('MODEL_NOT_FOUND');
  });

  test('what serving refuses is the answer', async () => {
    const server = await start();
    server.operations.failure = new TwinlensError('CONFLICT', 'A label names it; move the label first.');
    const answer = await ask(server, 'DELETE', '/models/mini/versions/1');
    expect([answer.status, answer.body.detail]).toEqual([409, 'A label names it; move the label first.']);
  });

  test.each<[string, string, unknown]>([
    ['POST', '/models/mini/versions/x/load', undefined],
    ['POST', '/models/mini/promote', { version: 0 }],
    ['POST', '/models/mini/promote', { version: 1, extra: 1 }],
    ['PUT', '/models/mini/labels/Upper', { version: 1 }],
    ['PUT', '/models/mini/labels/blue', {}],
    ['PUT', '/models/mini/policy', { kind: 'newest' }],
    ['PUT', '/models/mini/canary', { version: 1, share: 2 }],
    ['GET', '/journal?limit=0', undefined],
    ['GET', '/journal?limit=1&limit=2', undefined],
    ['POST', '/uploads', undefined],
    ['POST', '/imports', { from: {} }],
    ['POST', '/imports', { from: { url: 'file:///etc/passwd' } }],
    ['PUT', '/sources/zoo/follows/No', undefined],
  ])('%s %s with a mistake is INVALID_ARGUMENT and does nothing', async (method, path, body) => {
    const server = await start();
    const answer = await ask(server, method, path, { body });
    expect([answer.status, answer.body.code], JSON.stringify(answer.body)).toEqual([400, 'INVALID_ARGUMENT']);
    expect(server.operations.calls).toEqual([]);
  });

  test('a body that is no JSON, or too large, is refused', async () => {
    const server = await start();
    const put = (body: string) =>
      fetch(`${server.url}/v1/admin/models/mini/policy`, {
        method: 'PUT',
        headers: { 'x-twinlens-admin': '1', 'content-type': 'application/json' },
        body,
      });
    expect((await put('{')).status).toBe(400);
    expect((await put(' '.repeat(5 * 1024 * 1024))).status).toBe(413);
  });

  test('other methods are told which ones work', async () => {
    const server = await start();
    const answer = await ask(server, 'GET', '/models/mini/rollback');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });
});
