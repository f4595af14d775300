/**
 * Models that the real gateway fetches when the command line asks for them: `models pull` of the project's own catalogue
 * from a mirror on this machine, and `models add` of an address. To the end: fetched, checked, served, answering.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseManifest } from '../../core/manifest.ts';
import { parseClassification } from '../../core/protocol.ts';
import { AdminClient } from '../support/admin-client.ts';
import { tarOf } from '../support/archives.ts';
import { twinlens } from '../support/command-line.ts';
import { FileServer, file, page, sha256 } from '../support/file-server.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { MODEL, publish } from '../support/model-versions.ts';
import { tinyModel } from '../support/onnx-bytes.ts';
import { NO_SHARED, sharedDir } from '../support/shared-photos.ts';

const LONG_MS = 300_000;
const ZOO = 'mobilenetv2-12-int8';

let folder: string;
let server: FileServer;
let gateway: GatewayProcess;
let admin: AdminClient;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlens-fetched-'));
  server = await FileServer.start();
  gateway = await startGateway({
    // The catalogue is the default one.
    env: { TWINLENS_DATA: join(folder, 'data'), TWINLENS_INSTANCES: '1', TWINLENS_CATALOGUE_MIRROR: server.url },
  });
  admin = new AdminClient(gateway.url);
}, LONG_MS);
afterAll(async () => {
  await gateway.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const models = (...args: string[]) => twinlens(gateway.url, ['models', ...args]);

async function classify(model: string) {
  const response = await fetch(`${gateway.url}/v1/classify?model=${model}`, { method: 'POST', body: clock() });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(body));
  return parseClassification(body);
}

describe('models pull', () => {
  test(`fetches ${ZOO} from a mirror by its sum, and it answers`, { timeout: LONG_MS }, async (context) => {
    if (!sharedDir) return context.skip(NO_SHARED);
    const bytes = readFileSync(join(sharedDir, 'models', `${ZOO}.onnx`));
    server.on(`/${sha256(bytes)}`, file(bytes));
    expect((await models('list')).stdout).toMatch(new RegExp(`^${ZOO} +1 +catalogue +3\\.7 MB`, 'm'));
    const { code, stdout, stderr } = await models('pull', ZOO);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${ZOO} +1 +available +stable +catalogue`, 'm'));
    expect(server.asked(`/${sha256(bytes)}`).map(({ status }) => status)).toEqual([200]);
    const answer = await classify(ZOO);
    expect([answer.model, answer.version]).toEqual([ZOO, 1]);
    expect(answer.predictions.map(({ label }) => label)).toContain('analog clock');
    const follows = (await admin.overview()).sources.flatMap(({ offers }) => offers.filter((offer) => offer.followed));
    expect(follows.map(({ model }) => model)).toEqual([ZOO]);
  });
});

describe('models add of an address', () => {
  test('a bare .onnx is fetched, checked and served', { timeout: LONG_MS }, async () => {
    const names = join(folder, 'names.txt');
    writeFileSync(names, 'red\ngreen\nblue\n');
    server.on('/model.onnx', file(tinyModel()));
    const from = `${server.url}/model.onnx`;
    const hints = ['--name', 'tiny', '--preset', 'torchvision', '--classes', names];
    const { code, stdout, stderr } = await models('add', from, ...hints, '--serve');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('Published tiny version 1');
    expect(stderr).toContain(`bytes from ${from}`);
    await admin.version('tiny', 1, 'available');
    expect((await classify('tiny')).predictions.map(({ label }) => label).sort()).toEqual(['blue', 'green', 'red']);
  });

  test('a package in an archive is fetched and served as it is', { timeout: LONG_MS }, async () => {
    publish(join(folder, 'made'), 2);
    const at = join(folder, 'made', MODEL, '2');
    const { files } = parseManifest(JSON.parse(readFileSync(join(at, 'model.json'), 'utf8')));
    const entries = ['model.json', ...Object.keys(files)].map((name) => ({
      name,
      content: readFileSync(join(at, name)),
    }));
    server.on('/package.tar', file(await tarOf(...entries), 'application/x-tar'));
    const { code, stderr } = await models('add', `${server.url}/package.tar`, '--serve');
    expect(code, stderr).toBe(0);
    await admin.version(MODEL, 2, 'available');
    expect(await classify(MODEL)).toMatchObject({
      version: 2,
      predictions: [{ label: 'analog clock of 2' }, {}, {}, {}, {}],
    });
  });

  test('a web page at the address is refused with that reason, and ends with 1', { timeout: LONG_MS }, async () => {
    server.on('/login', page);
    const { code, stderr } = await models('add', `${server.url}/login`, '--serve');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/FAILED +fetch +.*\/login is a web page/)]);
  });
});
