/**
 * Models that must not be taken, handed to the real gateway by its admin API or found by its sources: each is refused at
 * the right step, with its reason in the report and in the log, changes nothing, and the gateway goes on answering.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ImportHints, type ImportStepName, parseImportReport, parseSourceStatus } from '../../core/admin.ts';
import { AdminClient, failedStep } from '../support/admin-client.ts';
import { gzipped, tarOf, zipOf } from '../support/archives.ts';
import { FileServer, file, page, sha256 } from '../support/file-server.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { MODEL, publish, withdraw } from '../support/model-versions.ts';
import { crashingModel, externalTensor, field, graph, model, tinyModel } from '../support/onnx-bytes.ts';
import { tinyPackage, writePackage } from '../support/tiny-package.ts';

const LONG_MS = 300_000;
/** Bytes of one upload: above the built-in model. */
const MAX_BYTES = 20_000_000;
const SOURCE = '127.0.0.1';
/** Why the crashing model is left out elsewhere. */
const NO_CRASH = 'only x86 processors end a process that divides as the crashing model does';
const crashes = process.arch === 'x64';

const tiny: ImportHints = { preset: 'torchvision', classNames: ['red', 'green', 'blue'], name: 'refused' };

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

/** A good package, but for what `change` does to its folder. */
async function changed(change: (at: string) => void): Promise<Buffer> {
  const at = mkdtempSync(join(folder, 'changed-'));
  cpSync(join(folder, 'made', MODEL, '2'), at, { recursive: true });
  change(at);
  const files = readdirSync(at, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return tarOf(...files.map((path) => ({ name: path.slice(at.length + 1), content: readFileSync(path) })));
}

/** Other class names, which the manifest knows of. */
function renameClasses(at: string, names: readonly string[]): void {
  const bytes = Buffer.from(JSON.stringify(names));
  writeFileSync(join(at, 'classes.json'), bytes);
  const manifest = JSON.parse(readFileSync(join(at, 'model.json'), 'utf8'));
  const sum = createHash('sha256').update(bytes).digest('hex');
  manifest.files['classes.json'] = { bytes: bytes.length, sha256: sum };
  writeFileSync(join(at, 'model.json'), JSON.stringify(manifest));
}

interface Refused {
  readonly what: string;
  readonly fileName: string;
  readonly bytes: () => Buffer | Promise<Buffer>;
  readonly hints?: ImportHints;
  readonly step: ImportStepName;
  readonly reason: RegExp;
  readonly skip?: boolean;
}

const zeros = () => Buffer.alloc(MAX_BYTES + 1_000_000);

const REFUSED: readonly Refused[] = [
  {
    what: 'a web page',
    fileName: 'model.onnx',
    bytes: () => Buffer.from('<!doctype html><p>Log in</p>'),
    hints: tiny,
    step: 'unpack',
    reason: /is a web page, no model/,
  },
  {
    what: 'a corrupt ONNX file',
    fileName: 'model.onnx',
    bytes: () => tinyModel().subarray(0, 60),
    hints: tiny,
    step: 'graph',
    reason: /no ONNX file/,
  },
  {
    what: 'bytes that are no ONNX file',
    fileName: 'model.onnx',
    bytes: () => Buffer.alloc(5000, 7),
    hints: tiny,
    step: 'graph',
    reason: /no ONNX file/,
  },
  {
    what: 'an opset of the future',
    fileName: 'model.onnx',
    bytes: () => tinyModel({ opset: 99 }),
    hints: tiny,
    step: 'graph',
    reason: /opset 99 is newer than any that it knows/,
  },
  {
    what: 'an input of a wrong rank',
    fileName: 'model.onnx',
    bytes: () => tinyModel({ shape: [3, 16] }),
    hints: tiny,
    step: 'graph',
    reason: /has rank 3; it must be/,
  },
  {
    what: 'weights in another file',
    fileName: 'model.onnx',
    bytes: () => model(graph(field(5, externalTensor('../../etc/passwd')))),
    hints: tiny,
    step: 'graph',
    reason: /other files/,
  },
  {
    what: 'more class names than outputs',
    fileName: 'model.onnx',
    bytes: () => tinyModel(),
    hints: { ...tiny, classNames: 'imagenet-1k' },
    step: 'classes',
    reason: /3 numbers .*1000 class names/,
  },
  {
    what: 'fewer class names than outputs in a package',
    fileName: 'x.tar',
    bytes: () => changed((at) => renameClasses(at, ['cat', 'dog'])),
    hints: { version: 9 },
    step: 'classes',
    reason: /classes\.json has 2 names, but the model has 1000 classes/,
  },
  {
    what: 'a file that is not what the manifest says',
    fileName: 'x.tar',
    bytes: () =>
      changed((at) => {
        const path = join(at, 'classes.json');
        writeFileSync(path, readFileSync(path, 'utf8').replace('analog', 'analoG'));
      }),
    hints: { version: 9 },
    step: 'files',
    reason: /classes\.json has sha256 \w+, but model\.json says/,
  },
  {
    what: 'a path out of the folder in a tar',
    fileName: 'x.tar',
    bytes: () => tarOf({ name: '../out', content: 'x' }),
    step: 'unpack',
    reason: /leaves its folder/,
  },
  {
    what: 'a path out of the folder in a zip',
    fileName: 'x.zip',
    bytes: () => zipOf({ name: 'good/../../out', content: 'x' }),
    step: 'unpack',
    reason: /a path that is refused \(invalid relative path: good/,
  },
  {
    what: 'an absolute path',
    fileName: 'x.tar.gz',
    bytes: async () => gzipped(await tarOf({ name: '/tmp/twinlens-out', content: 'x' })),
    step: 'unpack',
    reason: /absolute path/,
  },
  {
    what: 'a symbolic link in a tar',
    fileName: 'x.tar',
    bytes: () => tarOf({ name: 'model.onnx', type: 'symlink', linkname: '/etc/passwd' }),
    step: 'unpack',
    reason: /symlink; only plain files/,
  },
  {
    what: 'a hard link in a tar',
    fileName: 'x.tar',
    bytes: () => tarOf({ name: 'model.onnx', type: 'link', linkname: '/etc/passwd' }),
    step: 'unpack',
    reason: /link; only plain files/,
  },
  {
    what: 'a symbolic link in a zip',
    fileName: 'x.zip',
    bytes: () => zipOf({ name: 'model.onnx', content: '/etc/passwd', mode: 0o120777 }),
    step: 'unpack',
    reason: /a link; only plain files/,
  },
  {
    what: 'a zip bomb',
    fileName: 'x.zip',
    bytes: () => zipOf({ name: 'model.onnx', content: zeros() }),
    step: 'unpack',
    reason: /more than the 20000000 bytes/,
  },
  {
    what: 'a zip bomb that claims to be small',
    fileName: 'x.zip',
    bytes: () => zipOf({ name: 'model.onnx', content: zeros(), claims: 100 }),
    step: 'unpack',
    reason: /more than the 20000000 bytes/,
  },
  {
    what: 'a gzip bomb',
    fileName: 'x.tar.gz',
    bytes: async () => gzipped(await tarOf({ name: 'model.onnx', content: zeros() })),
    step: 'unpack',
    reason: /more than the 20000000 bytes/,
  },
  {
    what: crashes ? 'a model that kills the process that loads it' : `a crashing model (skipped: ${NO_CRASH})`,
    fileName: 'model.onnx',
    bytes: () => crashingModel(),
    hints: tiny,
    step: 'graph',
    reason: /crashes the process that loads it \(it was ended by SIGFPE\)/,
    skip: !crashes,
  },
];

describe('handed in', () => {
  afterEach(answers, LONG_MS);

  for (const { what, fileName, bytes, hints, step, reason, skip = false } of REFUSED) {
    test.skipIf(skip)(`${what} is refused`, { timeout: LONG_MS }, async () => {
      const report = await admin.importOf(await bytes(), fileName, hints);
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
