/** The admin API over real sockets as a whole: its document, its sources and its journal. */
import { expect, test } from 'vitest';
import { parseSourceStatus } from '../../core/admin.ts';
import { adminServers, ask } from '../support/admin-api.ts';

const start = adminServers();

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
