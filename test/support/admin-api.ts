/** Calls of the admin API as a client makes them, and servers that end with their test. */
import { afterEach, expect } from 'vitest';
import { type ImportReport, parseImportReport, parseUpload } from '../../core/admin.ts';
import { type AdminServer, type AdminServerOptions, startAdminServer } from './admin-server.ts';

export const TOKEN = 'correct-horse-battery';

/** Starts servers that are closed after each test of the file. */
export function adminServers(): (options?: AdminServerOptions) => Promise<AdminServer> {
  const open = new Set<AdminServer>();
  afterEach(async () => {
    await Promise.all([...open].map((server) => server.close()));
    open.clear();
  });
  return async (options = {}) => {
    const server = await startAdminServer(options);
    open.add(server);
    return server;
  };
}

interface Asked {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export async function ask(server: AdminServer, method: string, path: string, { body, headers = {} }: Asked = {}) {
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

export async function upload(server: AdminServer, bytes: Uint8Array<ArrayBuffer>, fileName = 'model.tar') {
  const response = await fetch(`${server.url}/v1/admin/uploads?${new URLSearchParams({ fileName })}`, {
    method: 'POST',
    body: bytes,
    headers: { 'x-twinlens-admin': '1', 'content-type': 'application/octet-stream' },
  });
  return { status: response.status, body: (await response.json()) as unknown };
}

/** Asks for the report until `state` is reached. */
export async function reportOf(server: AdminServer, id: string, state: ImportReport['state']): Promise<ImportReport> {
  for (;;) {
    const report = parseImportReport((await ask(server, 'GET', `/imports/${id}`)).body);
    if (report.state === state) return report;
    if (report.state !== 'checking') throw new Error(`The import is ${report.state}: ${JSON.stringify(report.steps)}`);
  }
}

/** Hands in an upload of `bytes`. */
export async function begin(
  server: AdminServer,
  hints: object = {},
  bytes = new Uint8Array(10),
): Promise<ImportReport> {
  const { id } = parseUpload((await upload(server, bytes)).body);
  const begun = await ask(server, 'POST', '/imports', { body: { from: { upload: id }, hints } });
  expect(begun.status, JSON.stringify(begun.body)).toBe(202);
  return parseImportReport(begun.body);
}
