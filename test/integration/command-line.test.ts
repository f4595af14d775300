/** `npx twinlens models ...` as a process, against the admin API on a real port. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { adminModel } from '../doubles/fake-operations.ts';
import { type AdminServer, startAdminServer } from '../support/admin-server.ts';
import { twinlens } from '../support/command-line.ts';

const TOKEN = 'correct-horse-battery';

let server: AdminServer;
let folder: string;
beforeEach(async () => {
  server = await startAdminServer();
  folder = mkdtempSync(join(tmpdir(), 'twinlens-command-'));
  writeFileSync(join(folder, 'model.json'), '{}');
  writeFileSync(join(folder, 'model.onnx'), 'x'.repeat(50_000));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const models = (...args: string[]) => twinlens(server.url, ['models', ...args]);

describe('add', () => {
  test('hands a folder in, shows each step and publishes', async () => {
    const running = models('add', folder, '--name', 'fresh', '--licence', 'MIT', '--serve');
    const made = await server.importer.begun(1);
    expect(made.input).toMatchObject({ hints: { name: 'fresh', licence: 'MIT' } });
    expect(made.input.fileName).toMatch(/\.tar$/);
    made.finish();
    const { code, stdout, stderr } = await running;
    expect([code, stdout]).toEqual([0, expect.stringContaining('Published fresh version 1')]);
    for (const step of ['fetch', 'unpack', 'goldens', 'warm-up']) expect(stderr).toMatch(new RegExp(`ok +${step}`));
    expect(server.operations.calls).toEqual(['published']);
  });

  test('a refused one ends with 1 and the step that failed', async () => {
    const running = models('add', join(folder, 'model.onnx'), '--preset', 'caffe', '--classes', 'imagenet-1k', '--yes');
    const made = await server.importer.begun(1);
    expect(made.input.hints).toEqual({ preset: 'caffe', classNames: 'imagenet-1k' });
    made.options.onStep('unpack', 'failed', 'It is no model.');
    made.fail(new TwinlensError('INVALID_ARGUMENT', 'It is no model.'));
    const { code, stderr } = await running;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/FAILED +unpack +It is no model\./)]);
    expect(server.operations.calls).toEqual([]);
  });

  test('without anybody to ask it is checked only, and the gateway keeps nothing of it', async () => {
    writeFileSync(join(folder, 'names.txt'), 'cat\n\ndog\r\n');
    const running = models('add', join(folder, 'model.onnx'), '--classes', join(folder, 'names.txt'), '--json');
    const made = await server.importer.begun(1);
    expect(made.input.hints).toEqual({ classNames: ['cat', 'dog'] });
    made.finish();
    const { code, stdout } = await running;
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ state: 'ready', model: 'mini' })]);
    expect(server.operations.calls).toEqual([]);
    await expect((await fetch(`${server.url}/v1/admin/imports`)).json()).resolves.toEqual({ imports: [] });
  });

  test('Ctrl+C cancels the import at the gateway', async () => {
    const begun = server.importer.begun(1);
    const { code, stderr } = await twinlens(server.url, ['models', 'add', folder, '--serve'], { interrupt: begun });
    expect([code, stderr]).toEqual([130, expect.stringContaining('Interrupted; the import was cancelled.')]);
    expect((await begun).options.signal.aborted).toBe(true);
  });

  test('what is too large is not sent', async () => {
    writeFileSync(join(folder, 'model.onnx'), 'x'.repeat(200_000));
    const { code, stderr } = await models('add', folder, '--serve');
    expect([code, stderr]).toEqual([1, expect.stringContaining('TWINLENS_MAX_UPLOAD_BYTES')]);
    expect(await server.staged()).toEqual([]);
  });

  test('of a path that is not there, and of wrong hints, nothing is sent', async () => {
    expect(await models('add', join(folder, 'none'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('none'),
    });
    const wrong = await models('add', folder, '--name', 'No Name');
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('name')]);
    expect(await server.staged()).toEqual([]);
  });
});

test.each<[string[], string]>([
  [['promote', 'mini@1'], 'promote mini 1 admin'],
  [['promote', 'mini'], 'promote mini undefined admin'],
  [['rollback', 'mini'], 'rollback mini admin'],
  [['hold', 'mini'], 'hold mini admin'],
  [['newest', 'mini'], 'follow-newest mini admin'],
  [['load', 'mini@1'], 'load mini 1 admin'],
  [['unload', 'mini@1'], 'unload mini 1 admin'],
  [['canary', 'mini@1', '10%'], 'canary mini {"version":1,"share":0.1} admin'],
  [['canary', 'mini', '--end'], 'end-canary mini admin'],
  [['remove', 'mini@1', '--yes'], 'remove mini 1 admin'],
  [['check'], 'check zoo'],
])('%j is done by the gateway', async (args, call) => {
  const { code, stderr } = await models(...args);
  expect([code, stderr]).toEqual([0, '']);
  expect(server.operations.calls).toEqual([call]);
});

test('list shows models for people, and everything for programs', async () => {
  const { stdout } = await models('list');
  expect(stdout).toMatch(/^MODEL +VERSION +STATE/);
  expect(stdout).toMatch(/^mini +1 +available/m);
  expect(JSON.parse((await models('list', '--json')).stdout)).toMatchObject({ models: [{ name: 'mini' }] });
});

test('list tells below the table why a version failed, so that no column is as wide as a sentence', async () => {
  const [version] = adminModel('mini', [2]).versions;
  if (!version) throw new Error('there is one');
  const reason = `The instance ended by SIGFPE while it loaded the model; ${'it is tried again. '.repeat(5)}`;
  server.operations.set({ ...adminModel('mini', [1]), versions: [{ ...version, state: 'failed', reason }] });
  const { stdout } = await models('list');
  expect(stdout).toMatch(/^mini +2 +failed +data/m);
  expect(stdout).toContain(`mini version 2 failed: ${reason}`);
  expect(stdout.split('\n')[0]?.length).toBeLessThan(100);
});

test('what the gateway refuses is said and ends with 1; nothing is deleted without a yes', async () => {
  const { code, stderr } = await models('rollback', 'none');
  expect([code, stderr]).toEqual([1, 'There is no model none.\n']);
  expect((await models('remove', 'mini@1')).code).toBe(1);
  expect(server.operations.calls).toEqual([]);
  expect((await models('pull', 'resnet50')).stderr).toContain('No source offers resnet50');
});

test('the token comes from the environment or a file', async () => {
  const closed = await startAdminServer({ token: TOKEN });
  try {
    const file = join(folder, 'token');
    writeFileSync(file, `${TOKEN}\n`);
    const list = (...more: string[]) => twinlens(closed.url, ['models', 'list', ...more]);
    expect(await list()).toMatchObject({ code: 1, stderr: expect.stringContaining('token') });
    expect((await list('--token-file', file)).code).toBe(0);
    const env = { TWINLENS_ADMIN_TOKEN: TOKEN };
    expect((await twinlens(closed.url, ['models', 'list'], { env })).code).toBe(0);
  } finally {
    await closed.close();
  }
});

test('without a gateway it says how to start one and ends with 3; wrong usage ends with 2', async () => {
  const { code, stderr } = await twinlens('http://127.0.0.1:9', ['models', 'list']);
  expect([code, stderr]).toEqual([3, expect.stringContaining('npm start')]);
  expect(await models('frob')).toMatchObject({ code: 2, stderr: expect.stringContaining('--help') });
  expect(await twinlens('', ['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Examples') });
});
