/** The admin API over real sockets: who gets in, what each call asks of serving, and what imports go through. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type ImportReport,
  parseAdminModel,
  parseImportReport,
  parseOverview,
  parseSourceStatus,
  parseUpload,
} from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { adminModel } from '../doubles/fake-operations.ts';
import { type AdminServer, type AdminServerOptions, startAdminServer } from '../support/admin-server.ts';

const TOKEN = 'correct-horse-battery';

const open = new Set<AdminServer>();
afterEach(async () => {
  await Promise.all([...open].map((server) => server.close()));
  open.clear();
});

async function start(options: AdminServerOptions = {}): Promise<AdminServer> {
  const server = await startAdminServer(options);
  open.add(server);
  return server;
}

interface Asked {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function ask(server: AdminServer, method: string, path: string, { body, headers = {} }: Asked = {}) {
  const response = await fetch(`${server.url}/v1/admin${path}`, {
    method,
    headers: {
      'x-twinlens-admin': '1',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

async function upload(server: AdminServer, bytes: Uint8Array<ArrayBuffer>, fileName = 'model.tar') {
  const response = await fetch(`${server.url}/v1/admin/uploads?${new URLSearchParams({ fileName })}`, {
    method: 'POST',
    body: bytes,
    headers: { 'x-twinlens-admin': '1', 'content-type': 'application/octet-stream' },
  });
  return { status: response.status, body: (await response.json()) as unknown };
}

/** Asks for the report until `state` is reached. */
async function reportOf(server: AdminServer, id: string, state: ImportReport['state']): Promise<ImportReport> {
  for (;;) {
    const report = parseImportReport((await ask(server, 'GET', `/imports/${id}`)).body);
    if (report.state === state) return report;
    if (report.state !== 'checking') throw new Error(`The import is ${report.state}: ${JSON.stringify(report.steps)}`);
  }
}

async function begin(server: AdminServer, hints: object = {}, bytes = new Uint8Array(10)): Promise<ImportReport> {
  const { id } = parseUpload((await upload(server, bytes)).body);
  const begun = await ask(server, 'POST', '/imports', { body: { from: { upload: id }, hints } });
  expect(begun.status, JSON.stringify(begun.body)).toBe(202);
  return parseImportReport(begun.body);
}

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

test('sources are checked and followed by their names', async () => {
  const server = await start();
  expect(parseSourceStatus((await ask(server, 'POST', '/sources/zoo/check')).body).name).toBe('zoo');
  expect((await ask(server, 'PUT', '/sources/zoo/follows/resnet50')).status).toBe(200);
  expect((await ask(server, 'DELETE', '/sources/zoo/follows/resnet50')).status).toBe(200);
  expect((await ask(server, 'POST', '/sources/none/check')).status).toBe(404);
  expect((await ask(server, 'PUT', '/sources/none/follows/resnet50')).status).toBe(404);
  expect(server.operations.calls).toEqual(['check zoo', 'follow zoo resnet50 admin', 'unfollow zoo resnet50 admin']);
});

test('the journal is read in pages', async () => {
  const server = await start();
  for (const action of ['a', 'b', 'c']) await server.operations.note({ actor: 'admin', action, detail: '' });
  const page = async (query: string) => (await ask(server, 'GET', `/journal?${query}`)).body.entries;
  expect(await page('limit=2')).toMatchObject([{ action: 'c' }, { action: 'b' }]);
  expect(await page('limit=2&before=2')).toMatchObject([{ action: 'a' }]);
});

test('every call that the OpenAPI document describes is there', async () => {
  const server = await start();
  const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const paths = Object.entries(document.paths).filter(([path]) => path.startsWith('/v1/admin'));
  expect(paths.length).toBeGreaterThan(15);
  for (const [path, methods] of paths) {
    for (const method of Object.keys(methods)) {
      const filled = path.slice('/v1/admin'.length).replaceAll(/\{\w+\}/g, '1');
      const { status, body } = await ask(server, method.toUpperCase(), filled);
      expect(status, `${method} ${path}`).not.toBe(405);
      expect(body?.detail ?? '', `${method} ${path}`).not.toContain('There is nothing at');
    }
  }
});

describe('uploads', () => {
  test('arrive with their length and hash', async () => {
    const server = await start();
    const { status, body } = await upload(server, new TextEncoder().encode('abc'), '../../weird/na\u0000me.zip');
    expect([status, parseUpload(body)]).toEqual([
      201,
      {
        id: expect.any(String),
        fileName: 'name.zip',
        bytes: 3,
        sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      },
    ]);
  });

  test('one that announces 2 GiB is refused before it sends anything, and leaves nothing', async () => {
    const server = await start({ maxUploadBytes: 1024 ** 3 });
    const outgoing = request(`${server.url}/v1/admin/uploads?fileName=big.onnx`, {
      method: 'POST',
      headers: {
        'x-twinlens-admin': '1',
        'content-type': 'application/octet-stream',
        'content-length': 2 * 1024 ** 3,
        expect: '100-continue',
      },
    });
    let continued = false;
    outgoing.on('continue', () => {
      continued = true;
    });
    outgoing.on('error', () => undefined);
    outgoing.flushHeaders();
    const [response] = await once(outgoing, 'response');
    expect([response.statusCode, continued]).toEqual([413, false]);
    outgoing.destroy();
    expect(await server.staged()).toEqual([]);
  });

  test('one without length is refused as soon as it is too large, and leaves nothing', async () => {
    const server = await start({ maxUploadBytes: 100_000 });
    const outgoing = sender(server.port, 'Transfer-Encoding: chunked');
    const chunk = `${(10_000).toString(16)}\r\n${'x'.repeat(10_000)}\r\n`;
    const answer = readAnswer(outgoing);
    for (let i = 0; i < 11; i += 1) outgoing.write(chunk);
    expect(await answer).toContain('HTTP/1.1 413 ');
    outgoing.destroy();
    expect(await server.staged()).toEqual([]);
  });

  test('the rest of one that was refused is thrown away, so that its sender can finish and ask again', async () => {
    const server = await start({ maxUploadBytes: 100_000 });
    const bytes = 20_000_000;
    const outgoing = sender(server.port, `Transfer-Encoding: chunked`);
    const answer = readAnswer(outgoing);
    const sent = new Promise((resolve) => {
      outgoing.write(`${bytes.toString(16)}\r\n`);
      outgoing.write(Buffer.alloc(bytes));
      outgoing.write('\r\n0\r\n\r\n', resolve);
    });
    expect(await answer).toContain('HTTP/1.1 413 ');
    await sent;
    const next = readAnswer(outgoing);
    outgoing.write('GET /v1/admin/session HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await next).toContain('HTTP/1.1 204 ');
    outgoing.destroy();
  });

  test('exactly the limit is taken, nothing at all is not', async () => {
    const server = await start({ maxUploadBytes: 1000 });
    expect((await upload(server, new Uint8Array(1000))).status).toBe(201);
    expect((await upload(server, new Uint8Array(1001))).status).toBe(413);
    expect((await upload(server, new Uint8Array(0))).status).toBe(400);
    expect(await server.staged()).toHaveLength(1);
  });

  test('a cut connection leaves nothing', async () => {
    const server = await start();
    const outgoing = sender(server.port, 'Content-Length: 50000');
    outgoing.write('x'.repeat(20_000));
    await expect.poll(server.staged).toHaveLength(1);
    outgoing.destroy();
    await expect.poll(server.staged).toEqual([]);
  });

  test('one that stands still is ended and leaves nothing; slow ones may take longer than a picture', async () => {
    const timers: { ms: number; run: () => void; stopped: boolean }[] = [];
    const after = (ms: number, run: () => void) => {
      const timer = { ms, run, stopped: false };
      timers.push(timer);
      return () => {
        timer.stopped = true;
      };
    };
    const server = await start({ after, requestMs: 12_345 });
    const outgoing = sender(server.port, 'Content-Length: 50000');
    const answer = readAnswer(outgoing);
    outgoing.write('x'.repeat(20_000));
    await expect.poll(server.staged).toHaveLength(1);
    expect(timers.map(({ ms }) => ms)).not.toContain(12_345);
    await expect.poll(() => timers.filter(({ ms, stopped }) => ms === 30_000 && !stopped)).toHaveLength(1);
    timers.find(({ ms, stopped }) => ms === 30_000 && !stopped)?.run();
    expect(await answer).toContain('HTTP/1.1 504 ');
    await expect.poll(server.staged).toEqual([]);
    outgoing.destroy();
  });

  test('any other body that comes too slowly is ended', async () => {
    const server = await start({ requestMs: 50 });
    const outgoing = connect(server.port, '127.0.0.1');
    const answer = readAnswer(outgoing);
    outgoing.write('POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nxx');
    expect(await answer).toContain('DEADLINE_EXCEEDED');
  });

  test('no more than eight wait; the oldest makes room', async () => {
    const server = await start();
    const first = parseUpload((await upload(server, new Uint8Array(1))).body);
    for (let i = 0; i < 8; i += 1) await upload(server, new Uint8Array(1));
    await expect.poll(server.staged).toHaveLength(8);
    const gone = await ask(server, 'POST', '/imports', { body: { from: { upload: first.id } } });
    expect(gone.body.code).toBe('NOT_FOUND');
  });

  test('a gateway that keeps nothing says what to set', async () => {
    const server = await start({ keeps: false });
    const { status, body } = await upload(server, new Uint8Array(1));
    expect([status, JSON.stringify(body)]).toEqual([503, expect.stringContaining('TWINLENS_DATA')]);
  });
});

describe('imports', () => {
  test('from upload to published: report, one rename, a line in the journal, and nothing left behind', async () => {
    const server = await start();
    const begun = await begin(server, { name: 'fresh' });
    expect(begun).toMatchObject({ state: 'checking', from: 'model.tar', bytes: 10 });
    const made = await server.importer.begun(1);
    expect(made.input).toMatchObject({ fileName: 'model.tar', hints: { name: 'fresh' } });
    made.finish();
    const ready = await reportOf(server, begun.id, 'ready');
    expect(ready).toMatchObject({
      model: 'fresh',
      version: 1,
      steps: [{ step: 'fetch', state: 'passed' }, {}, {}, {}, {}, {}, {}, {}, {}],
    });
    expect(existsSync(join(server.root, 'fresh')), 'nothing is published before it is wanted').toBe(false);

    const published = await ask(server, 'POST', `/imports/${begun.id}/publish`, { body: { as: 'serve' } });
    expect(parseImportReport(published.body).state).toBe('published');
    expect(existsSync(join(server.root, 'fresh', '1', 'model.json'))).toBe(true);
    expect(server.operations.calls).toEqual(['published']);
    expect(server.operations.entries).toMatchObject([
      { actor: 'admin', action: 'publish', model: 'fresh', version: 1 },
    ]);
    expect(await server.staged()).toEqual([]);
    const again = await ask(server, 'POST', `/imports/${begun.id}/publish`, { body: { as: 'serve' } });
    expect(again.body.code).toBe('CONFLICT');
  });

  test('a refused one says which step failed; the upload stays for another try', async () => {
    const server = await start();
    const { id } = parseUpload((await upload(server, new Uint8Array(5))).body);
    const from = { upload: id };
    const begun = parseImportReport((await ask(server, 'POST', '/imports', { body: { from } })).body);
    const first = await server.importer.begun(1);
    first.options.onStep('unpack', 'failed', 'It is no archive.');
    first.fail(new TwinlensError('INVALID_ARGUMENT', 'It is no archive.'));
    const refused = await reportOf(server, begun.id, 'refused');
    expect(refused.steps.slice(0, 3)).toMatchObject([
      { state: 'passed' },
      { step: 'unpack', state: 'failed', message: 'It is no archive.' },
      { state: 'waiting' },
    ]);
    expect((await ask(server, 'POST', `/imports/${begun.id}/publish`, { body: { as: 'serve' } })).status).toBe(409);
    await expect.poll(server.staged, { message: 'only the upload' }).toHaveLength(1);
    await expect
      .poll(() => server.log)
      .toContainEqual(expect.objectContaining({ event_type: 'import', state: 'refused', reason: 'It is no archive.' }));
    expect((await ask(server, 'POST', '/imports', { body: { from } })).status).toBe(202);
  });

  test('one that can not be written down is taken back and waits to be published again', async () => {
    const server = await start();
    const { id } = await begin(server, { name: 'fresh' });
    (await server.importer.begun(1)).finish();
    await reportOf(server, id, 'ready');
    server.operations.noteFailure = new TwinlensError('UNAVAILABLE', 'The disk is full; make room.');
    const publish = () => ask(server, 'POST', `/imports/${id}/publish`, { body: { as: 'serve' } });
    expect((await publish()).body).toMatchObject({ code: 'UNAVAILABLE', detail: 'The disk is full; make room.' });
    expect(existsSync(join(server.root, 'fresh', '1'))).toBe(false);
    expect((await reportOf(server, id, 'ready')).version).toBe(1);
    server.operations.noteFailure = undefined;
    expect((await publish()).status).toBe(200);
    expect(existsSync(join(server.root, 'fresh', '1', 'model.json'))).toBe(true);
  });

  test('a hold keeps stable where it is before the package appears', async () => {
    const server = await start();
    const { id } = await begin(server);
    (await server.importer.begun(1)).finish();
    expect(await reportOf(server, id, 'ready')).toMatchObject({ model: 'mini', version: 2 });
    await ask(server, 'POST', `/imports/${id}/publish`, { body: { as: 'hold' } });
    expect(server.operations.calls).toEqual(['hold mini admin', 'published']);
  });

  test.each(['hold', 'canary'])('one that can not appear leaves stable as it was: %s', async (as) => {
    const server = await start();
    const { id } = await begin(server);
    (await server.importer.begun(1)).finish();
    await reportOf(server, id, 'ready');
    await mkdir(join(server.root, 'mini', '2', 'in the way'), { recursive: true });
    const publish = () => ask(server, 'POST', `/imports/${id}/publish`, { body: { as } });
    expect((await publish()).body.code).toBe('CONFLICT');
    expect(server.operations.model('mini').stable).toBe('newest');
    expect(server.operations.calls).toEqual(['hold mini admin', 'follow-newest mini admin']);
    await server.operations.hold('mini', 'admin');
    expect((await publish()).body.code).toBe('CONFLICT');
    expect(server.operations.model('mini').stable, 'by the operator').toBe('pinned');
    expect((await reportOf(server, id, 'ready')).state).toBe('ready');
  });

  test('a canary is published held, loaded, and gets its share', async () => {
    const server = await start();
    const { id } = await begin(server);
    (await server.importer.begun(1)).finish();
    await reportOf(server, id, 'ready');
    const body = { as: 'canary', share: 0.25 };
    expect((await ask(server, 'POST', `/imports/${id}/publish`, { body })).status).toBe(200);
    expect(server.operations.calls).toEqual([
      'hold mini admin',
      'published',
      'load mini 2 admin',
      'canary mini {"version":2,"share":0.25} admin',
    ]);
  });

  test('a new model can be no canary: there is nothing beside it; it still waits afterwards', async () => {
    const server = await start();
    const { id } = await begin(server, { name: 'fresh' });
    (await server.importer.begun(1)).finish();
    await reportOf(server, id, 'ready');
    expect((await ask(server, 'POST', `/imports/${id}/publish`, { body: { as: 'canary' } })).body.code).toBe(
      'CONFLICT',
    );
    expect((await ask(server, 'POST', `/imports/${id}/publish`, { body: { as: 'serve' } })).status).toBe(200);
  });

  test('of two imports of the same version the second is refused with 409 when it is known at once', async () => {
    const server = await start();
    await begin(server, { name: 'fresh', version: 7 });
    const { id } = parseUpload((await upload(server, new Uint8Array(5))).body);
    const hints = { name: 'fresh', version: 7 };
    const second = await ask(server, 'POST', '/imports', { body: { from: { upload: id }, hints } });
    expect([second.status, second.body.code]).toEqual([409, 'CONFLICT']);
    const known = { name: 'mini', version: 1 };
    expect((await ask(server, 'POST', '/imports', { body: { from: { upload: id }, hints: known } })).status).toBe(409);
  });

  test('of two at once the second is refused in its report when its version shows later; without one they differ', async () => {
    const server = await start();
    const first = await begin(server, { name: 'fresh' });
    (await server.importer.begun(1)).finish();
    expect((await reportOf(server, first.id, 'ready')).version).toBe(1);
    const second = await begin(server, { name: 'fresh' });
    (await server.importer.begun(2)).finish();
    expect((await reportOf(server, second.id, 'ready')).version).toBe(2);

    const third = await begin(server);
    const made = await server.importer.begun(3);
    const claim = () => made.options.claim?.('fresh', 2);
    expect(claim).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    made.fail(new TwinlensError('CONFLICT', 'fresh version 2 is being imported already.'));
    const refused = await reportOf(server, third.id, 'refused');
    expect(refused.steps.find(({ state }) => state === 'failed')?.message).toContain('being imported already');
  });

  test('a running one is cancelled and a waiting one forgotten by DELETE; nothing is left behind', async () => {
    const server = await start();
    const running = await begin(server);
    const made = await server.importer.begun(1);
    const waiting = await begin(server);
    expect((await ask(server, 'DELETE', `/imports/${waiting.id}`)).status).toBe(204);
    expect((await ask(server, 'DELETE', `/imports/${running.id}`)).status).toBe(204);
    expect(made.options.signal.aborted).toBe(true);
    expect((await ask(server, 'GET', `/imports/${running.id}`)).status).toBe(404);
    expect((await ask(server, 'GET', '/imports')).body.imports).toEqual([]);
    await expect.poll(server.staged, { message: 'the two uploads' }).toHaveLength(2);
    expect(server.importer.imports, 'the waiting one never ran').toHaveLength(1);
  });

  test('beyond the queue there is QUEUE_FULL', async () => {
    const server = await start();
    const { id } = parseUpload((await upload(server, new Uint8Array(5))).body);
    const another = () => ask(server, 'POST', '/imports', { body: { from: { upload: id } } });
    for (let i = 0; i < 9; i += 1) expect((await another()).status).toBe(202);
    const full = await another();
    expect([full.body.code, full.headers.get('retry-after')]).toEqual(['QUEUE_FULL', '10']);
  });

  test('a disk that refuses is told and changes nothing', async () => {
    const server = await start();
    server.operations.readOnly = 'The disk is read-only; mount it writable.';
    expect(parseOverview((await ask(server, 'GET', '')).body).readOnly).toContain('read-only');
    const { id } = parseUpload((await upload(server, new Uint8Array(5))).body);
    const refused = await ask(server, 'POST', '/imports', { body: { from: { upload: id } } });
    expect([refused.body.code, refused.body.detail]).toEqual(['UNAVAILABLE', expect.stringContaining('read-only')]);
    server.operations.onRecheck = () => {
      server.operations.readOnly = undefined;
    };
    const taken = await ask(server, 'POST', '/imports', { body: { from: { upload: id } } });
    expect(taken.status, 'nobody has to change something else first').toBe(202);
  });

  test('an address is fetched, shown without what may be secret in it', async () => {
    const asked: string[] = [];
    const server = await start({
      download: async ({ url, onProgress }) => {
        asked.push(url);
        onProgress({ loadedBytes: 5, totalBytes: 10 });
        return { bytes: 10 };
      },
    });
    const url = 'https://user:secret@models.example/a/b%20c.zip?signature=secret';
    const begun = parseImportReport((await ask(server, 'POST', '/imports', { body: { from: { url } } })).body);
    const made = await server.importer.begun(1);
    expect(made.input).toMatchObject({ fileName: 'b c.zip', source: 'https://models.example/a/b%20c.zip' });
    expect(asked).toEqual([url]);
    made.finish();
    const report = await reportOf(server, begun.id, 'ready');
    expect(report.bytes).toBe(10);
    expect(JSON.stringify([report, server.log])).not.toContain('secret');
  });

  test('a package that nobody publishes is deleted after an hour', async () => {
    const timers: { ms: number; run: () => void }[] = [];
    const after = (ms: number, run: () => void) => {
      timers.push({ ms, run });
      return () => undefined;
    };
    const server = await start({ after });
    const { id } = await begin(server);
    (await server.importer.begun(1)).finish();
    await reportOf(server, id, 'ready');
    expect(await server.staged()).toHaveLength(2);
    for (const { ms, run } of timers) if (ms === 3_600_000) run();
    await expect.poll(server.staged).toEqual([]);
    expect((await ask(server, 'GET', `/imports/${id}`)).status).toBe(404);
  });
});

/** A connection that has sent the head of an upload. */
function sender(port: number, length: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const head = ['POST /v1/admin/uploads?fileName=x.onnx HTTP/1.1', 'Host: localhost', 'X-Twinlens-Admin: 1'];
  socket.write([...head, 'Content-Type: application/octet-stream', length, '', ''].join('\r\n'));
  return socket;
}

/** The head and body of the answer, as far as they come at once. */
async function readAnswer(socket: Socket): Promise<string> {
  socket.on('error', () => undefined);
  const [chunk] = await once(socket, 'data');
  return String(chunk);
}
