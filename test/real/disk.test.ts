/**
 * The real gateway on a real disk that is full or read-only: whatever is to be kept is refused with its code and what to
 * do, the state stays as it was, requests are answered, and when the disk takes bytes again everything works without a
 * restart. Needs root, to mount disks.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportHints, ImportReport } from '../../core/admin.ts';
import { AdminClient } from '../support/admin-client.ts';
import { FileServer, file, sha256 } from '../support/file-server.ts';
import { clock } from '../support/fixtures.ts';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { MODEL } from '../support/model-versions.ts';
import { tinyModel } from '../support/onnx-bytes.ts';
import { SmallDisk, whyNoMounts } from './mounts.ts';

const refused = whyNoMounts();
const skipped = refused === undefined ? '' : ` (skipped: ${refused})`;
const TINY = 'tiny';
const hints: ImportHints = { name: TINY, preset: 'torchvision', classNames: ['red', 'green', 'blue'] };

/** Ways in which a disk refuses, and what is said of each. */
const FAULTS = [
  {
    fault: 'full',
    words: /full/,
    begin: (disk: SmallDisk) => disk.fill(),
    end: (disk: SmallDisk) => disk.makeRoom(),
  },
  {
    fault: 'read-only',
    words: /read-only/,
    begin: (disk: SmallDisk) => disk.makeReadOnly(),
    end: (disk: SmallDisk) => disk.makeWritable(),
  },
] as const;

describe.skipIf(refused !== undefined).each(FAULTS)(`a disk that is $fault${skipped}`, ({ words, begin, end }) => {
  let disk: SmallDisk;
  let data: string;
  let server: FileServer;
  let gateway: GatewayProcess;
  let admin: AdminClient;
  /** Checked while there was room, and not yet published. */
  let ready: ImportReport;
  let uploaded: string;

  const start = async () => {
    gateway = await startGateway({
      env: {
        TWINLENS_DATA: data,
        TWINLENS_INSTANCES: '1',
        TWINLENS_VERSIONS: 'latest:3',
        TWINLENS_CATALOGUES: `${server.url}/index.json`,
        TWINLENS_FOLLOW: 'far',
      },
      // What can't be fetched keeps the gateway from being ready at the start.
      ready: false,
    });
    admin = new AdminClient(gateway.url);
  };
  const state = () => readFileSync(join(data, 'state.json'), 'utf8');
  const publishTiny = async (version: number) => {
    const { id, steps } = await admin.importOf(tinyModel(), 'tiny.onnx', { ...hints, version });
    expect(steps.at(-1), JSON.stringify(steps)).toMatchObject({ state: 'passed' });
    await admin.done('POST', `/imports/${id}/publish`, { as: 'serve' });
    await admin.version(TINY, version, 'available');
  };
  const answeredBy = async (model: string) => {
    const response = await fetch(`${gateway.url}/v1/classify?model=${model}`, { method: 'POST', body: clock() });
    const body: unknown = await response.json();
    expect(response.status, JSON.stringify(body)).toBe(200);
    return body;
  };

  beforeAll(async () => {
    disk = new SmallDisk(4);
    data = join(disk.path, 'data');
    server = await FileServer.start();
    server.on('/index.json', file('{"format":"twinlens-catalogue/1","models":[]}', 'application/json'));
    await start();
    await publishTiny(1);
    await publishTiny(2);
    await admin.done('POST', `/models/${TINY}/promote`, { version: 2 });
    await admin.done('PUT', `/models/${TINY}/labels/beta`, { version: 1 });
    await admin.done('PUT', `/models/${TINY}/canary`, { version: 1, share: 0.25 });
    await publishTiny(3);
    ready = await admin.importOf(tinyModel(), 'four.onnx', { ...hints, version: 4 });
    uploaded = await admin.upload(tinyModel(), 'five.onnx');
    begin(disk);
  });
  afterAll(async () => {
    await gateway.stop();
    await server.stop();
    disk.remove();
  });

  test('refuses every change with UNAVAILABLE and what to do, and all stays as it was', async () => {
    const [kept, before] = [state(), await admin.model(TINY)];
    const calls: readonly (readonly [string, string, unknown?])[] = [
      ['POST', `/models/${TINY}/promote`, { version: 1 }],
      ['POST', `/models/${TINY}/rollback`],
      ['PUT', `/models/${TINY}/labels/blue`, { version: 2 }],
      ['DELETE', `/models/${TINY}/labels/beta`],
      ['PUT', `/models/${TINY}/canary`, { version: 1, share: 0.5 }],
      ['DELETE', `/models/${TINY}/canary`],
      ['PUT', `/models/${TINY}/policy`, { kind: 'all' }],
      ['POST', `/models/${MODEL}/hold`],
      ['POST', `/models/${MODEL}/versions/1/unload`],
      ['DELETE', `/models/${TINY}/versions/3`],
      ['POST', `/imports/${ready.id}/publish`, { as: 'serve' }],
      ['POST', `/imports/${ready.id}/publish`, { as: 'hold' }],
      ['POST', `/imports/${ready.id}/publish`, { as: 'canary' }],
    ];
    for (const [method, path, body] of calls) {
      const answer = await admin.ask(method, path, body);
      expect([answer.status, answer.body], `${method} ${path}`).toEqual([
        503,
        expect.objectContaining({ code: 'UNAVAILABLE', detail: expect.stringMatching(words) }),
      ]);
      await gateway.logged(
        (line) => line.path === `/v1/admin${path}` && line.code === 'UNAVAILABLE' && words.test(String(line.reason)),
      );
    }
    expect(state()).toBe(kept);
    const left = () => readdirSync(data).filter((name) => name.startsWith('state.json'));
    await expect.poll(left, { message: 'nothing half written stays' }).toEqual(['state.json']);
    const { labels, canary, policy, versions } = await admin.model(TINY);
    expect({ labels, share: canary?.share, policy }).toEqual({
      labels: before.labels,
      share: 0.25,
      policy: before.policy,
    });
    expect(versions.map(({ version }) => version)).toEqual([3, 2, 1]);
    // What could not be removed serves again.
    for (const version of [1, 2, 3]) await admin.version(TINY, version, 'available');
    expect(readdirSync(join(data, 'models', TINY)).sort()).toEqual(['1', '2', '3']);
  });

  test('takes no upload and makes no package, says why, and leaves nothing of them', async () => {
    const staged = readdirSync(join(data, 'staging')).sort();
    expect(await admin.send(Buffer.alloc(500_000), 'big.onnx')).toMatchObject({
      status: 503,
      body: { code: 'UNAVAILABLE', detail: expect.stringMatching(words) },
    });
    const begun = await admin.ask('POST', '/imports', { from: { upload: uploaded }, hints: { ...hints, version: 5 } });
    expect(begun).toMatchObject({
      status: 503,
      body: { code: 'UNAVAILABLE', detail: expect.stringMatching(words) },
    });
    expect(readdirSync(join(data, 'staging')).sort()).toEqual(staged);
    expect((await admin.overview()).readOnly).toMatch(words);
  });

  test('has what a catalogue brings failed with that reason', async () => {
    const bytes = tinyModel();
    const listed = { urls: ['far.onnx'], bytes: bytes.length, sha256: sha256(bytes) };
    const names = JSON.stringify(hints.classNames);
    const classNames = { urls: ['names.json'], bytes: names.length, sha256: sha256(names) };
    const content = { kind: 'onnx', file: listed, preset: 'torchvision', classNames };
    const entry = { name: 'far', version: 1, title: 'Far', licence: 'MIT', source: 'a test', content };
    server
      .on('/index.json', file(JSON.stringify({ format: 'twinlens-catalogue/1', models: [entry] }), 'application/json'))
      .on('/far.onnx', file(bytes))
      .on('/names.json', file(names));
    await admin.done('POST', '/sources/127.0.0.1/check');
    const { reason } = await admin.version('far', 1, 'failed');
    expect(reason).toMatch(words);
    await gateway.logged(({ event_type, model, msg }) => {
      return event_type === 'model_load_failed' && model === 'far' && msg === reason;
    });
  });

  test('answers requests and shows the journal meanwhile', async () => {
    expect(await answeredBy(MODEL)).toMatchObject({
      version: 1,
      predictions: [{ label: 'analog clock' }, {}, {}, {}, {}],
    });
    expect(await answeredBy(`${TINY}:beta`)).toMatchObject({ version: 1 });
    expect(await answeredBy(`${TINY}:stable`)).toMatchObject({ version: 2 });
    const actions = (await admin.overview()).journal.map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['publish', 'promote', 'label', 'canary']));
  });

  test('does not keep a gateway from starting with what was kept', async () => {
    const before = await admin.model(TINY);
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
    await start();
    // What was waiting to be published is gone, and its room is free.
    begin(disk);
    await admin.version(TINY, 1, 'available');
    const { labels, canary } = await admin.model(TINY);
    expect([labels, canary?.share]).toEqual([before.labels, 0.25]);
    expect(await answeredBy(`${TINY}:beta`)).toMatchObject({ version: 1 });
  });

  test('that takes bytes again needs no restart', async () => {
    end(disk);
    expect((await admin.overview()).readOnly).toBeUndefined();
    await publishTiny(4);
    await admin.done('POST', `/models/${TINY}/promote`, { version: 4 });
    expect(await answeredBy(`${TINY}:stable`)).toMatchObject({ version: 4 });
    await admin.done('DELETE', `/models/${TINY}/versions/3`);
    await admin.done('POST', '/models/far/versions/1/load');
    expect(await answeredBy('far')).toMatchObject({ version: 1 });
    const kept = JSON.parse(state());
    expect(kept.models[TINY].labels).toMatchObject({ stable: 4, beta: 1 });
    expect(kept.journal).toContainEqual(expect.objectContaining({ action: 'promote', model: TINY, version: 4 }));
  });
});
