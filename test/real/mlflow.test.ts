/** The MLflow source against a real MLflow tracking server with its own registry and artifact store. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createSources, type Source } from '../../gateway/sources/index.ts';
import { CopyingImporter } from '../doubles/copying-importer.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryFolders } from '../support/temporary.ts';
import { type TinyPackage, tinyPackage } from '../support/tiny-package.ts';
import { python } from './tools.ts';

const SKIPPED = 'needs Python 3.11 or newer with venv';
/** Milliseconds: it imports a lot of Python. */
const START_MS = 180_000;

const folder = temporaryFolders();
let server: ChildProcess | undefined;
let url = '';
const open: Source[] = [];

/** Resolves when the server takes requests. */
async function start(interpreter: string): Promise<void> {
  const port = await freePort();
  const cwd = folder();
  const store = ['--backend-store-uri', 'sqlite:///registry.db', '--artifacts-destination', './artifacts'];
  const place = ['--serve-artifacts', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
  // A group of its own: it leaves children of its own, which have to end with it.
  server = spawn(join(dirname(interpreter), 'mlflow'), ['server', ...store, ...place], {
    cwd,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true' },
  });
  const { stderr } = server;
  if (!stderr) throw new Error('mlflow has no output');
  const told: string[] = [];
  const late = AbortSignal.timeout(START_MS);
  const lines = createInterface({ input: stderr, signal: late });
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      told.push(line);
      if (line.includes('Application startup complete')) resolve();
    });
    lines.on('close', () => reject(new Error(`mlflow did not start:\n${told.join('\n')}`)));
  });
  url = `http://127.0.0.1:${port}`;
}

beforeAll(async () => {
  const interpreter = python('mlflow', 'test/real/mlflow-requirements.txt');
  if (interpreter) await start(interpreter);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((source) => source.close()));
});
/** Ends the server with its children. */
function end(): void {
  if (server?.pid !== undefined && server.exitCode === null) process.kill(-server.pid, 'SIGKILL');
}
process.once('exit', end);
afterAll(async () => {
  if (!server) return;
  const gone = new Promise((resolve) => server?.once('exit', resolve));
  end();
  await gone;
  server = undefined;
});

async function call(path: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${text}`);
  return JSON.parse(text);
}

const setAlias = (name: string, alias: string, version: number) =>
  call('registered-models/alias', { name, alias, version: String(version) });

/** Registers a version of `name` whose artifacts are these; returns its number. */
async function register(
  name: string,
  files: ReadonlyMap<string, Uint8Array>,
  tags: Readonly<Record<string, string>> = {},
): Promise<number> {
  const made = await call('runs/create', { experiment_id: '0', start_time: 1 });
  const { run } = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) }).parse(made);
  const place = `0/${run.info.run_id}/artifacts/model`;
  for (const [path, bytes] of files) {
    const address = `${url}/api/2.0/mlflow-artifacts/artifacts/${place}/${path}`;
    const response = await fetch(address, { method: 'PUT', body: Buffer.from(bytes) });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
  }
  const registered = await call('model-versions/create', {
    name,
    source: `mlflow-artifacts:/${place}`,
    run_id: run.info.run_id,
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  });
  return Number(z.object({ model_version: z.object({ version: z.string() }) }).parse(registered).model_version.version);
}

function make(models: readonly string[], data = folder(), address = url) {
  const importer = new CopyingImporter();
  const notes: string[] = [];
  const sources = createSources({
    configuration: {
      models: folder(),
      data,
      pollMs: 0,
      checkMs: 0,
      catalogues: [],
      catalogueMirror: undefined,
      follow: [],
      mlflow: { url: address, models, token: { text: undefined, file: undefined } },
      maxUploadBytes: 10_000_000,
    },
    mlflowToken: 'not asked for by this server',
    importer: importer.run,
    clock: { now: () => performance.now(), after: () => () => undefined },
    now: Date.now,
    random: () => 0.5,
    log: { info: (_, message) => notes.push(message ?? '') },
  });
  const source = sources.find(({ kind }) => kind === 'mlflow');
  if (!source) throw new Error('no source was made');
  open.push(source);
  return { source, importer, data, notes };
}

const names = (source: Source) => source.snapshot.aspired.map(({ name, version }) => `${name}@${version}`);

async function fetchAll(source: Source) {
  const options = { signal: new AbortController().signal, onProgress: () => undefined };
  return Promise.all(source.snapshot.aspired.map((aspired) => aspired.fetch(options)));
}

const bare = (...graphs: string[]) =>
  new Map(graphs.map((graph, i) => [i === 0 ? 'model.onnx' : `${i}.onnx`, Buffer.from(graph)] as const));

describe('a real MLflow registry', () => {
  it('gives the version that an alias names, back and forth', async (context) => {
    if (!server) return context.skip(SKIPPED);
    await call('registered-models/create', { name: 'Garden Birds' });
    const tags = { 'twinlens.preset': 'tensorflow', 'twinlens.classes': 'imagenet-1k', 'twinlens.licence': 'MIT' };
    expect(await register('Garden Birds', bare('the first graph'), tags)).toBe(1);
    expect(await register('Garden Birds', bare('the second graph'), tags)).toBe(2);
    const { source, importer, notes } = make(['Garden Birds:champion']);
    await source.start();
    expect(names(source)).toEqual([]);
    expect(source.snapshot.status.refused).toEqual([
      { what: 'Garden Birds:champion', reason: expect.stringContaining('champion') },
    ]);
    for (const version of [1, 2, 1]) {
      await setAlias('Garden Birds', 'champion', version);
      await source.check();
      expect(names(source)).toEqual([`garden-birds@${version}`]);
      const [found] = await fetchAll(source);
      expect(found?.manifest).toMatchObject({ name: 'garden-birds', version });
    }
    expect(importer.imports.map(({ graph, hints }) => [graph?.toString(), hints])).toEqual(
      [1, 2].map((version) => [
        `the ${version === 1 ? 'first' : 'second'} graph`,
        expect.objectContaining({ name: 'garden-birds', version, preset: 'tensorflow', classNames: 'imagenet-1k' }),
      ]),
    );
    expect(notes).toEqual(["MLflow's model Garden Birds is called garden-birds here."]);
  });

  it('gives one version by its number and all of them by the name, and what is missing is told', async (context) => {
    if (!server) return context.skip(SKIPPED);
    await call('registered-models/create', { name: "cat's" });
    for (const graph of ['one', 'two', 'three']) await register("cat's", bare(graph), { 'twinlens.name': 'cats' });
    const { source } = make(["cat's@2", 'nobody', "cat's@9"]);
    await source.start();
    expect(names(source)).toEqual(['cats@2']);
    expect(source.snapshot.status.refused.map(({ what }) => what)).toEqual(['nobody', "cat's@9"]);
    const { source: all } = make(["cat's"]);
    await all.start();
    expect(names(all)).toEqual(['cats@3', 'cats@2', 'cats@1']);
  });

  it('brings a package byte for byte, with the name and version of the registry', async (context) => {
    if (!server) return context.skip(SKIPPED);
    await call('registered-models/create', { name: 'packed' });
    const { manifest, files }: TinyPackage = tinyPackage('other-name', 77);
    await register('packed', new Map([...files, ['MLmodel', Buffer.from('flavors: {}')]]));
    const { source } = make(['packed']);
    await source.start();
    const [found] = await fetchAll(source);
    expect(found?.manifest).toEqual({ ...manifest, name: 'packed', version: 1 });
    for (const path of Object.keys(manifest.files))
      expect(readFileSync(join(found?.folder ?? '', path))).toEqual(files.get(path));
  });

  it('refuses artifacts that are no model, saying what is missing', async (context) => {
    if (!server) return context.skip(SKIPPED);
    await call('registered-models/create', { name: 'two-graphs' });
    await register('two-graphs', bare('one', 'two'));
    const { source } = make(['two-graphs']);
    await source.start();
    await expect(fetchAll(source)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('2 .onnx files'),
    });
  });

  it('serves again what it fetched when the server is away', async (context) => {
    if (!server) return context.skip(SKIPPED);
    await call('registered-models/create', { name: 'kept' });
    await register('kept', bare('kept'));
    const { source, data } = make(['kept']);
    await source.start();
    const [fetched] = await fetchAll(source);
    await source.close();
    const away = url.replace(/\d+$/, String(await freePort()));
    const { source: elsewhere } = make(['kept'], data, away);
    await elsewhere.start();
    expect(elsewhere.snapshot.status.error).toContain("can't be reached");
    expect(names(elsewhere)).toEqual([]);
    // The same address, but nobody asks it before what was kept is used.
    const { source: again } = make(['kept'], data);
    await again.start();
    expect(await fetchAll(again)).toEqual([fetched]);
  });
});
