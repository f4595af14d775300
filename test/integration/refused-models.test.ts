/**
 * Models that must not be taken, handed to the real gateway by its admin API or found by its sources: each is refused at
 * the right step, with its reason in the report and in the log, changes nothing, and the gateway goes on answering.
 */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ImportHints, parseImportReport, parseSourceStatus } from '../../core/admin.ts';
import { AdminClient, failedStep } from '../support/admin-client.ts';
import { FileServer, file, page, sha256 } from '../support/file-server.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { MODEL, publish, withdraw } from '../support/model-versions.ts';
import { crashingModel, tinyModel } from '../support/onnx-bytes.ts';
import { crashes, MAX_BYTES, NO_CRASH, refusedSamples, tiny } from '../support/refused-samples.ts';
import { tinyPackage, writePackage } from '../support/tiny-package.ts';

const LONG_MS = 300_000;
const SOURCE = '127.0.0.1';

let folder: string;
let server: FileServer;
let gateway: GatewayProcess;
let admin: AdminClient;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlens-refused-'));
  publish(join(folder, 'made'), 2);
  server = await FileServer.start();
  server.on('/index.json', page);
  gateway = await startGateway({
    env: {
      TWINLENS_DATA: join(folder, 'data'),
      TWINLENS_INSTANCES: '1',
      TWINLENS_CATALOGUES: `${server.url}/index.json`,
      TWINLENS_MAX_UPLOAD_BYTES: String(MAX_BYTES),
    },
  });
  admin = new AdminClient(gateway.url);
}, LONG_MS);
afterAll(async () => {
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const published = join('data', 'models');

/** The gateway answers as before, by the model that it had. */
async function answers(): Promise<void> {
  const response = await fetch(`${gateway.url}/v1/classify`, { method: 'POST', body: clock() });
  const body: unknown = await response.json();
  expect(body).toMatchObject({ model: MODEL, version: 1, predictions: [{ label: 'analog clock' }, {}, {}, {}, {}] });
}

describe('handed in', () => {
  afterEach(answers, LONG_MS);

  for (const { what, fileName, bytes, hints, step, reason, skip = false } of refusedSamples) {
    test.skipIf(skip)(`${what} is refused`, { timeout: LONG_MS }, async () => {
      const report = await admin.importOf(await bytes(join(folder, 'made', MODEL, '2')), fileName, hints);
      const failed = failedStep(report);
      expect([report.state, failed?.step], JSON.stringify(report.steps)).toEqual(['refused', step]);
      expect(failed?.message).toMatch(reason);
      const line = await gateway.logged(
        ({ event_type, ...rest }) => event_type === 'import' && rest.import === report.id,
      );
      expect(line).toMatchObject({ state: 'refused', step, reason: failed?.message, msg: 'an import was refused' });
      const again = await admin.ask('POST', `/imports/${report.id}/publish`, { as: 'serve' });
      expect(again, 'it can not be published all the same').toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
      const others = (await admin.overview()).models.filter(({ name }) => name !== MODEL);
      expect(others).toEqual([]);
    });
  }

  test('more bytes than are taken are refused with 413, and nothing of them stays', async () => {
    const before = readdirSync(join(folder, 'data', 'staging'));
    expect(await admin.send(Buffer.alloc(MAX_BYTES + 1), 'big.onnx')).toMatchObject({
      status: 413,
      body: { code: 'PAYLOAD_TOO_LARGE', detail: expect.stringContaining('TWINLENS_MAX_UPLOAD_BYTES') },
    });
    await gateway.logged(
      ({ path, code, reason }) =>
        path === '/v1/admin/uploads' && code === 'PAYLOAD_TOO_LARGE' && /at most 20000000 bytes/.test(String(reason)),
    );
    expect(readdirSync(join(folder, 'data', 'staging'))).toEqual(before);
  });

  test('of two imports of one version at once the second is refused with 409', { timeout: LONG_MS }, async () => {
    const hints: ImportHints = { ...tiny, name: 'twice', version: 7 };
    const uploads = await Promise.all([admin.upload(tinyModel(), 'a.onnx'), admin.upload(tinyModel(), 'b.onnx')]);
    const both = await Promise.all(uploads.map((upload) => admin.ask('POST', '/imports', { from: { upload }, hints })));
    expect(both.map(({ status }) => status).sort()).toEqual([202, 409]);
    const refused = both.find(({ status }) => status === 409);
    expect(refused?.body).toMatchObject({ code: 'CONFLICT', detail: expect.stringContaining('twice version 7') });
    await gateway.logged(({ event_type, code, reason }) => {
      return event_type === 'admin' && code === 'CONFLICT' && /twice version 7 is being imported/.test(String(reason));
    });
    const taken = both.find(({ status }) => status === 202);
    const report = await admin.checked(parseImportReport(taken?.body));
    expect(report).toMatchObject({ state: 'ready', model: 'twice', version: 7 });
    await admin.done('DELETE', `/imports/${report.id}`);
  });
});

describe.skipIf(!crashes)(`a version that kills the instance while it loads${crashes ? '' : ` (${NO_CRASH})`}`, () => {
  test('is failed with its reason and tried again; what serves goes on serving', { timeout: LONG_MS }, async () => {
    const half = join(folder, 'data', '.half');
    writePackage(half, tinyPackage(MODEL, 2, crashingModel()));
    mkdirSync(join(folder, published, MODEL), { recursive: true });
    renameSync(half, join(folder, published, MODEL, '2'));
    const version = await admin.version(MODEL, 2, 'failed');
    expect(version.reason).toMatch(/ended by SIGFPE while it loaded the model/);
    expect(version.retryAt).toBeGreaterThan(1_600_000_000_000);
    const failed = await gateway.logged(({ event_type }) => event_type === 'model_load_failed');
    expect(failed).toMatchObject({ model: MODEL, model_version: 2, code: 'ENGINE_FAILED', msg: version.reason });
    await answers();
    expect(await admin.ask('POST', `/models/${MODEL}/promote`, { version: 2 })).toMatchObject({ status: 500 });
    await answers();
    expect((await admin.model(MODEL)).labels).toEqual({ stable: 1 });
    withdraw(join(folder, published), 2);
  });
});

describe('a catalogue', () => {
  test('that serves a web page is told in its status and in the log, until it is a catalogue', async () => {
    const [source] = (await admin.overview()).sources.filter(({ name }) => name === SOURCE);
    expect(source?.error).toMatch(/index\.json is a web page/);
    expect(await gateway.logged(({ event_type }) => event_type === 'source_failed')).toMatchObject({
      source: SOURCE,
      msg: source?.error,
    });
    await answers();
    server.on('/index.json', file('{"format":"twinlens-catalogue/1","models":[]}', 'application/json'));
    const checked = parseSourceStatus(await admin.done('POST', `/sources/${SOURCE}/check`));
    expect(checked.error).toBeUndefined();
    await gateway.logged(({ event_type, source: from }) => event_type === 'source_recovered' && from === SOURCE);
  });

  test('that lists a web page as a model has it failed with that reason', { timeout: LONG_MS }, async () => {
    const bytes = tinyModel();
    const listed = { urls: ['tiny.onnx'], bytes: bytes.length, sha256: sha256(bytes) };
    const content = { kind: 'onnx', file: listed, preset: 'torchvision', classNames: 'imagenet-1k' };
    const entry = { name: 'paged', version: 1, title: 'Paged', licence: 'MIT', source: 'a test', content };
    server
      .on('/index.json', file(JSON.stringify({ format: 'twinlens-catalogue/1', models: [entry] }), 'application/json'))
      .on('/tiny.onnx', page);
    await admin.done('POST', `/sources/${SOURCE}/check`);
    await admin.done('PUT', `/sources/${SOURCE}/follows/paged`);
    const { reason } = await admin.version('paged', 1, 'failed');
    expect(reason).toMatch(/tiny\.onnx is a web page/);
    const failed = await gateway.logged(
      ({ event_type, model: of }) => event_type === 'model_load_failed' && of === 'paged',
    );
    expect(failed.msg).toBe(reason);
    await answers();
    await admin.done('DELETE', `/sources/${SOURCE}/follows/paged`);
  });
});
