import { expect, test } from 'vitest';
import { FakeClock, settle } from '../../../test/doubles/fake-clock.ts';
import { aCanary, aModel, anOverview, aReport } from '../../../test/support/admin-samples.ts';
import { AdminApi } from './api.ts';
import type { Change } from './changes.ts';

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

function setUp(answer: () => { status: number; body: string; headers?: Record<string, string> }, token?: string) {
  const sent: Sent[] = [];
  const clock = new FakeClock(0);
  const respond = () => {
    const { status, body, headers = {} } = answer();
    return {
      ok: status < 400,
      status,
      headers: { get: (name: string) => headers[name] ?? null },
      text: async () => body,
    };
  };
  const api = new AdminApi({
    base: '',
    clock,
    today: () => 0,
    token: () => token,
    fetch: async (url, { method, headers, body }) => {
      sent.push({ url, method, headers, ...(body === undefined ? {} : { body }) });
      return respond();
    },
    sendFile: async (url, headers) => {
      sent.push({ url, method: 'POST', headers: { ...headers } });
      return respond();
    },
  });
  return { api, sent, clock };
}

const ok = (value: unknown) => () => ({ status: 200, body: JSON.stringify(value) });

test('every request carries the header that no foreign page can send, and the token if there is one', async () => {
  const open = setUp(ok(anOverview()));
  await open.api.overview();
  expect(open.sent[0]?.headers).toMatchObject({ 'x-twinlens-admin': '1' });
  expect(open.sent[0]?.headers.authorization).toBeUndefined();
  const closed = setUp(ok(anOverview()), 'secret');
  await closed.api.overview();
  expect(closed.sent[0]?.headers.authorization).toBe('Bearer secret');
});

const settings = { version: 3, share: 0.1, shadow: 0, limits: aCanary(3, 0.1).limits };
test.each<[Change, string, unknown]>([
  [{ kind: 'load', model: 'net', version: 2 }, 'POST /v1/admin/models/net/versions/2/load', undefined],
  [{ kind: 'remove', model: 'net', version: 2 }, 'DELETE /v1/admin/models/net/versions/2', undefined],
  [{ kind: 'promote', model: 'net', version: 2 }, 'POST /v1/admin/models/net/promote', { version: 2 }],
  [{ kind: 'rollback', model: 'net' }, 'POST /v1/admin/models/net/rollback', undefined],
  [{ kind: 'follow-newest', model: 'net' }, 'POST /v1/admin/models/net/follow-newest', undefined],
  [
    { kind: 'set-label', model: 'net', label: 'a.b', version: 2 },
    'PUT /v1/admin/models/net/labels/a.b',
    { version: 2 },
  ],
  [{ kind: 'remove-label', model: 'net', label: 'a' }, 'DELETE /v1/admin/models/net/labels/a', undefined],
  [{ kind: 'policy', model: 'net', policy: { kind: 'all' } }, 'PUT /v1/admin/models/net/policy', { kind: 'all' }],
  [{ kind: 'canary', model: 'net', settings }, 'PUT /v1/admin/models/net/canary', settings],
  [{ kind: 'end-canary', model: 'net' }, 'DELETE /v1/admin/models/net/canary', undefined],
])('$kind goes to its own address', async (change, line, body) => {
  const { api, sent } = setUp(ok(aModel()));
  await api.change(change);
  expect(`${sent[0]?.method} ${sent[0]?.url}`).toBe(line);
  expect(sent[0]?.body).toBe(body === undefined ? undefined : JSON.stringify(body));
});

test('a model that went with its last version has no answer', async () => {
  const { api } = setUp(() => ({ status: 204, body: '' }));
  expect(await api.change({ kind: 'remove', model: 'net', version: 2 })).toBeUndefined();
});

test('a problem is told with its code, its words and its wait', async () => {
  const body = JSON.stringify({ code: 'RATE_LIMITED', detail: 'Too many wrong tokens.' });
  const { api } = setUp(() => ({ status: 429, body, headers: { 'retry-after': '40' } }));
  await expect(api.session('guess')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    message: 'Too many wrong tokens.',
    retryAfterMs: 40_000,
  });
});

test('an answer that is none of ours is told as that', async () => {
  const { api } = setUp(() => ({ status: 200, body: '<html>' }));
  await expect(api.overview()).rejects.toMatchObject({ code: 'INTERNAL' });
  const strange = setUp(ok({ models: 1 }));
  await expect(strange.api.overview()).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('a gateway that does not answer is given up', async () => {
  const clock = new FakeClock(0);
  const api = new AdminApi({
    base: '',
    clock,
    today: () => 0,
    token: () => undefined,
    fetch: (_url, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
    sendFile: () => Promise.reject(new Error('none')),
  });
  const asked = api.overview();
  asked.catch(() => undefined);
  await settle();
  await clock.advance(15_000);
  await expect(asked).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
});

test('an upload says what it is called, and a broken one can be told from a cancelled one', async () => {
  const { api, sent } = setUp(ok({ id: 'u', fileName: 'a b.zip', bytes: 1, sha256: '' }));
  const abort = new AbortController();
  const options = { onProgress: () => undefined, signal: abort.signal };
  await api.upload(new Blob(['x']), 'a b.zip', options);
  expect(sent[0]).toMatchObject({ url: '/v1/admin/uploads?fileName=a+b.zip' });
  expect(sent[0]?.headers['content-type']).toBe('application/octet-stream');
});

test('an import is handed in with its hints', async () => {
  const { api, sent } = setUp(ok(aReport()));
  await api.startImport({ from: { upload: 'u' }, hints: { preset: 'caffe' } });
  expect(JSON.parse(sent[0]?.body ?? '')).toEqual({ from: { upload: 'u' }, hints: { preset: 'caffe' } });
});
