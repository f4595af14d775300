/**
 * A model's life on the real gateway, by its admin API and the command line: handed in, checked, published, promoted,
 * rolled back and removed, while the gateway goes on answering; and what is refused on the way.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type ImportReport, parseAdminModel, parseImportReport, parseOverview, parseUpload } from '../../core/admin.ts';
import { parseClassification } from '../../core/protocol.ts';
import { tarOf } from '../support/archives.ts';
import { twinlens } from '../support/command-line.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { MODEL, publish } from '../support/model-versions.ts';

const TOKEN = 'correct-horse-battery';
const LIFE_MS = 300_000;

let folder: string;
let gateway: GatewayProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlens-live-'));
  for (const version of [2, 3, 4]) publish(join(folder, 'made'), version);
  gateway = await startGateway({
    env: {
      TWINLENS_DATA: join(folder, 'data'),
      TWINLENS_ADMIN_TOKEN: TOKEN,
      TWINLENS_INSTANCES: '1',
      TWINLENS_CATALOGUES: '',
    },
  });
}, LIFE_MS);
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
});

const made = (version: number) => join(folder, 'made', MODEL, String(version));

const models = (...args: string[]) =>
  twinlens(gateway.url, ['models', ...args], { env: { TWINLENS_ADMIN_TOKEN: TOKEN } });

async function classify(model?: string) {
  const query = model === undefined ? '' : `?model=${encodeURIComponent(model)}`;
  const response = await fetch(`${gateway.url}/v1/classify${query}`, { method: 'POST', body: clock() });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(body));
  return parseClassification(body);
}

async function ask(method: string, path: string, body?: unknown) {
  const response = await fetch(`${gateway.url}/v1/admin${path}`, {
    method,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as unknown };
}

async function upload(bytes: Uint8Array<ArrayBuffer>, fileName: string): Promise<string> {
  const response = await fetch(`${gateway.url}/v1/admin/uploads?fileName=${fileName}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/octet-stream' },
    body: bytes,
  });
  return parseUpload(await response.json()).id;
}

async function importOf(bytes: Uint8Array<ArrayBuffer>, fileName: string, hints: object = {}): Promise<ImportReport> {
  const begun = await ask('POST', '/imports', { from: { upload: await upload(bytes, fileName) }, hints });
  const { id } = parseImportReport(begun.body);
  let report = parseImportReport(begun.body);
  await expect
    .poll(
      async () => {
        report = parseImportReport((await ask('GET', `/imports/${id}`)).body);
        return report.state;
      },
      { timeout: 120_000, interval: 200 },
    )
    .not.toBe('checking');
  return report;
}

const failure = (report: ImportReport) => report.steps.find(({ state }) => state === 'failed');

describe('a life', () => {
  test(
    'is handed in, held, tried, promoted, rolled back and removed without a failed request',
    async () => {
      let asking = true;
      const versions: number[] = [];
      const asked = (async () => {
        while (asking) versions.push((await classify()).version);
      })();
      // A failed request is told below; a step that fails before must not leave it unheard.
      asked.catch(() => undefined);
      onTestFinished(() => {
        asking = false;
      });

      const added = await models('add', made(2), '--hold');
      expect(added, added.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(`${MODEL} version 2`) });
      expect(existsSync(join(folder, 'data', 'models', MODEL, '2', 'model.json'))).toBe(true);
      await expect
        .poll(async () => (await models('list')).stdout, { timeout: 60_000, interval: 500 })
        .toMatch(/ 2 +available/);
      expect((await classify()).version, 'stable is held').toBe(1);
      const tried = await classify(`${MODEL}@2`);
      expect([tried.version, tried.predictions[0]?.label]).toEqual([2, 'analog clock of 2']);

      expect(await models('promote', `${MODEL}@2`)).toMatchObject({ code: 0, stderr: '' });
      expect((await classify()).version).toBe(2);
      expect(await models('rollback', MODEL)).toMatchObject({ code: 0, stderr: '' });
      expect((await classify()).version).toBe(1);
      const removed = await models('remove', `${MODEL}@2`, '--yes');
      expect(removed).toMatchObject({ code: 0, stderr: '' });
      expect(existsSync(join(folder, 'data', 'models', MODEL, '2'))).toBe(false);

      asking = false;
      await asked;
      expect(new Set(versions)).toEqual(new Set([1, 2]));
      const overview = parseOverview((await ask('GET', '')).body);
      expect(overview).toMatchObject({ access: 'token', models: [{ name: MODEL, labels: { stable: 1 } }] });
      const actions = overview.journal.map(({ action }) => action);
      expect(actions).toEqual(expect.arrayContaining(['publish']));
      expect(overview.journal.every(({ at }) => at > 1_600_000_000_000)).toBe(true);
      expect(readdirSync(join(folder, 'data', 'staging')), 'nothing is left behind').toEqual([]);
    },
    LIFE_MS,
  );

  test(
    'of two that bring the same version at once one is published; the other is refused with its reason',
    async () => {
      const both = await Promise.all([models('add', made(3), '--hold'), models('add', made(3), '--hold')]);
      expect(both.map(({ code }) => code).sort(), JSON.stringify(both)).toEqual([0, 1]);
      expect(both.find(({ code }) => code === 1)?.stderr).toMatch(/version 3 (?:exists already|is being imported)/);
      const id = await upload(new Uint8Array(10), 'x.onnx');
      const known = await ask('POST', '/imports', { from: { upload: id }, hints: { name: MODEL, version: 3 } });
      expect(known).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    },
    LIFE_MS,
  );

  test(
    'a canary gets its share and ends by promotion',
    async () => {
      const added = await models('add', made(4), '--canary', '100%');
      expect(added.code, added.stderr).toBe(0);
      const model = parseAdminModel((await ask('GET', `/models/${MODEL}`)).body);
      expect(model).toMatchObject({ canary: { version: 4, share: 1 }, labels: { canary: 4, stable: 1 } });
      expect((await classify()).version).toBe(4);
      expect((await models('promote', MODEL)).code).toBe(0);
      expect(parseAdminModel((await ask('GET', `/models/${MODEL}`)).body)).toMatchObject({ labels: { stable: 4 } });
      expect((await models('rollback', MODEL)).code).toBe(0);
    },
    LIFE_MS,
  );
});

describe('what is refused, with its step and its reason, by a gateway that lives on', () => {
  const bytes = (buffer: Buffer) => new Uint8Array(buffer);
  const onnx = { preset: 'torchvision', classNames: 'imagenet-1k', name: 'bad' };

  const changed = async (change: (at: string) => void) => {
    const at = mkdtempSync(join(folder, 'changed-'));
    cpSync(made(4), at, { recursive: true });
    change(at);
    const names = readdirSync(at, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    return bytes(
      await tarOf(...names.map((path) => ({ name: path.slice(at.length + 1), content: readFileSync(path) }))),
    );
  };

  test.each<[string, string, () => Promise<Uint8Array<ArrayBuffer>>, object, string]>([
    ['a web page', 'model.onnx', async () => bytes(Buffer.from('<!doctype html><p>Log in</p>')), onnx, 'unpack'],
    ['bytes that are no ONNX', 'model.onnx', async () => bytes(Buffer.alloc(5000, 7)), onnx, 'graph'],
    [
      'a path out of the folder',
      'x.tar',
      async () => bytes(await tarOf({ name: '../out', content: 'x' })),
      {},
      'unpack',
    ],
    [
      'a symbolic link',
      'x.tar',
      async () => bytes(await tarOf({ name: 'model.onnx', type: 'symlink', linkname: '/etc/passwd' })),
      {},
      'unpack',
    ],
    [
      'a file that is not what the manifest says',
      'x.tar',
      () =>
        changed((at) =>
          writeFileSync(
            join(at, 'classes.json'),
            readFileSync(join(at, 'classes.json'), 'utf8').replace('analog', 'analoG'),
          ),
        ),
      { version: 9 },
      'files',
    ],
    [
      'too few class names',
      'x.tar',
      () =>
        changed((at) => {
          const names = Buffer.from('["cat","dog"]');
          writeFileSync(join(at, 'classes.json'), names);
          const manifest = JSON.parse(readFileSync(join(at, 'model.json'), 'utf8'));
          manifest.files['classes.json'] = {
            bytes: names.length,
            sha256: createHash('sha256').update(names).digest('hex'),
          };
          writeFileSync(join(at, 'model.json'), JSON.stringify(manifest));
        }),
      { version: 9 },
      'classes',
    ],
  ])(
    '%s',
    async (_name, fileName, make, hints, step) => {
      const report = await importOf(await make(), fileName, hints);
      expect([report.state, failure(report)?.step], JSON.stringify(report.steps)).toEqual(['refused', step]);
      expect(failure(report)?.message.length).toBeGreaterThan(15);
      await gateway.logged((line) => line.event_type === 'import' && line.import === report.id && line.step === step);
      expect((await classify()).predictions[0]?.label).toContain('analog clock');
    },
    LIFE_MS,
  );
});

test('who guesses the token is locked out, and the rest of the gateway goes on', async () => {
  const guess = (token: string) =>
    fetch(`${gateway.url}/v1/admin/session`, { headers: { authorization: `Bearer ${token}` } });
  for (let i = 0; i < 10; i += 1) expect((await guess('wrong')).status).toBe(401);
  const locked = await guess(TOKEN);
  expect([locked.status, Number(locked.headers.get('retry-after')) > 0]).toEqual([429, true]);
  expect((await classify()).predictions[0]?.label).toContain('analog clock');
  expect(JSON.stringify(gateway.log)).not.toContain(TOKEN);
});
