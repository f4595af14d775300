/** The catalogue source against a real HTTP server: revalidation, following, fetching, mirrors, and life offline. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { createImporter, type Importer } from '../../gateway/packages/index.ts';
import { createSources, type FetchProgress, type Source, type SourcesOptions } from '../../gateway/sources/index.ts';
import { CopyingImporter } from '../doubles/copying-importer.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { breaking, endless, FileServer, file, page, sha256, status } from '../support/file-server.ts';
import { NO_SHARED, sharedDir } from '../support/shared-photos.ts';
import { temporaryFolders } from '../support/temporary.ts';
import { tinyPackage } from '../support/tiny-package.ts';

const folder = temporaryFolders();
const graph = Buffer.from('the bytes of a graph');
let server: FileServer;
const open: Source[] = [];

beforeEach(async () => {
  server = await FileServer.start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((source) => source.close()));
  await server.stop();
});

interface Made {
  readonly source: Source;
  readonly importer: CopyingImporter;
  readonly data: string;
  readonly clock: FakeClock;
}

/** @param real takes the importer's place, where a model is to be loaded */
function make(configuration: Partial<SourcesOptions['configuration']> = {}, real?: Importer): Made {
  const data = configuration.data ?? folder();
  const importer = new CopyingImporter();
  const clock = new FakeClock(1_000_000);
  const sources = createSources({
    configuration: {
      models: folder(),
      data,
      pollMs: 0,
      checkMs: 3_600_000,
      catalogues: [`${server.url}/index.json`],
      catalogueMirror: undefined,
      follow: ['graph'],
      mlflow: undefined,
      maxUploadBytes: 10_000_000,
      ...configuration,
    },
    mlflowToken: undefined,
    importer: real ?? importer.run,
    clock,
    now: clock.now,
    random: () => 0.5,
    log: { info: () => undefined },
  });
  const source = sources.find(({ kind }) => kind === 'catalogue');
  if (!source) throw new Error('no catalogue was made');
  open.push(source);
  return { source, importer, data, clock };
}

const listed = (bytes: Uint8Array, ...urls: string[]) => ({ urls, bytes: bytes.length, sha256: sha256(bytes) });

function onnxEntry(version = 1, bytes: Uint8Array = graph, name = 'graph') {
  const content = {
    kind: 'onnx',
    file: listed(bytes, `files/${name}-${version}.onnx`),
    preset: 'torchvision',
    classNames: 'imagenet-1k',
  };
  return { name, version, title: `Graph ${version}`, licence: 'MIT', source: 'a test', content };
}

function packageEntry() {
  const { manifest, files } = tinyPackage('tiny', 5);
  const entries = [...files].map(([path, bytes]) => {
    server.on(`/tiny/${path}`, file(bytes));
    return [path, listed(bytes, `/tiny/${path}`)] as const;
  });
  const { name, version, title, licence, source } = manifest;
  return { name, version, title, licence, source, content: { kind: 'package', files: Object.fromEntries(entries) } };
}

const index = (...models: unknown[]) =>
  file(JSON.stringify({ format: 'twinlens-catalogue/1', models }), 'application/json');

const names = (source: Source) => source.snapshot.aspired.map(({ name, version }) => `${name}@${version}`);

function fetchFirst(source: Source, onProgress: (progress: FetchProgress) => void = () => undefined) {
  const [aspired] = source.snapshot.aspired;
  if (!aspired) throw new Error('nothing is aspired');
  return aspired.fetch({ signal: new AbortController().signal, onProgress });
}

describe('a catalogue', () => {
  it('offers all that it lists, and aspires to every version of what is followed', async () => {
    server.on('/index.json', index(onnxEntry(1), onnxEntry(2), packageEntry()));
    const { source } = make();
    await source.start();
    expect(names(source)).toEqual(['graph@1', 'graph@2']);
    expect(source.snapshot.status.offers).toMatchObject([
      { model: 'graph', version: 1, title: 'Graph 1', licence: 'MIT', bytes: graph.length, followed: true },
      { model: 'graph', version: 2, followed: true },
      { model: 'tiny', version: 5, followed: false },
    ]);
    source.follow(['tiny']);
    expect(names(source)).toEqual(['graph@1', 'graph@2', 'tiny@5']);
    source.follow([]);
    expect(names(source)).toEqual(['graph@1', 'graph@2']);
  });

  it('asks again only for what changed', async () => {
    server.on('/index.json', index(onnxEntry(1)));
    const { source } = make();
    await source.start();
    await source.check();
    expect(server.asked('/index.json').map((seen) => seen.status)).toEqual([200, 304]);
    expect(names(source)).toEqual(['graph@1']);
    server.on('/index.json', index(onnxEntry(1), onnxEntry(2)));
    await source.check();
    expect(names(source)).toEqual(['graph@1', 'graph@2']);
  });

  it.each([
    ['a web page', page, 'is a web page'],
    ['no JSON', file('{"format": ', 'application/json'), 'not valid JSON'],
    ['other JSON', file('{"models": []}', 'application/json'), 'no catalogue of models'],
    ['without end', endless, 'has more than'],
    ['not there', status(404), 'is not there'],
    ['failing', status(500), 'status 500'],
  ])('says so when its index is %s, and keeps what it knew', async (_, answer, reason) => {
    server.on('/index.json', index(onnxEntry(1)));
    const { source, clock } = make();
    await source.start();
    server.on('/index.json', answer);
    await source.check();
    expect(source.snapshot.status.error).toContain(reason);
    expect(names(source)).toEqual(['graph@1']);
    // Sooner again than after the interval.
    expect(source.snapshot.status.nextCheckAt).toBe(clock.now() + 60_000);
    server.on('/index.json', index(onnxEntry(1)));
    await source.check();
    expect(source.snapshot.status).toMatchObject({ error: undefined, nextCheckAt: clock.now() + 3_600_000 });
  });

  it('refuses a wrong entry with its reason and takes the others', async () => {
    const { licence, ...wrong } = onnxEntry(2);
    server.on('/index.json', index(onnxEntry(1), wrong, onnxEntry(1), 7));
    const { source } = make();
    await source.start();
    expect(names(source)).toEqual(['graph@1']);
    expect(source.snapshot.status.refused).toEqual([
      { what: 'graph@2', reason: expect.stringContaining('licence') },
      { what: 'graph@1', reason: expect.stringContaining('listed twice') },
      { what: 'models.3', reason: expect.stringContaining('expected object') },
    ]);
    expect(licence).toBe('MIT');
  });

  it('fetches a bare graph with progress, hands it to the importer with what the entry says, and has it then', async () => {
    server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(graph));
    const { source, importer, data } = make();
    await source.start();
    expect(source.snapshot.aspired[0]).toMatchObject({ manifest: undefined, removable: true });
    const told: FetchProgress[] = [];
    const found = await fetchFirst(source, (progress) => told.push(progress));
    expect(told.at(-1)).toEqual({ loadedBytes: graph.length, totalBytes: graph.length });
    expect(importer.imports[0]).toMatchObject({
      fileName: 'graph.onnx',
      source: 'a test',
      hints: { name: 'graph', version: 1, title: 'Graph 1', licence: 'MIT', preset: 'torchvision' },
      graph,
    });
    expect(found.manifest).toMatchObject({ name: 'graph', version: 1 });
    expect(found.folder.startsWith(join(data, 'cache'))).toBe(true);
    expect(source.snapshot.aspired[0]?.manifest).toMatchObject({ name: 'graph' });
    await fetchFirst(source);
    expect(importer.imports.length).toBe(1);
    expect(server.asked('/files/graph-1.onnx').length).toBe(1);
  });

  it('fetches a package file by file, byte for byte', async () => {
    server.on('/index.json', index(packageEntry()));
    const { source } = make({ follow: ['tiny'] });
    await source.start();
    const { folder: found } = await fetchFirst(source);
    for (const [path, bytes] of tinyPackage('tiny', 5).files) expect(readFileSync(join(found, path))).toEqual(bytes);
  });

  it('refuses a package that is another version than the one listed', async () => {
    server.on('/index.json', index({ ...packageEntry(), version: 6 }));
    const { source } = make({ follow: ['tiny'] });
    await source.start();
    await expect(fetchFirst(source)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'The package is tiny@5, not tiny@6 as it is listed.',
    });
  });

  it('refuses bytes that are not the listed ones, and leaves nothing half-done', async () => {
    const other = Buffer.from('the bytes of A graph');
    server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(other));
    const { source, importer, data } = make();
    await source.start();
    await expect(fetchFirst(source)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(sha256(other)),
    });
    expect(importer.imports).toEqual([]);
    const [cache = ''] = readdirSync(join(data, 'cache'));
    expect(readdirSync(join(data, 'cache', cache)).sort()).toEqual(['.listing.json', '.parts', '.work']);
    expect(readdirSync(join(data, 'cache', cache, '.work'))).toEqual([]);
  });

  it('refuses a model that is larger than may be fetched, before it asks', async () => {
    server.on('/index.json', index(onnxEntry(1)));
    const { source } = make({ maxUploadBytes: 10 });
    await source.start();
    await expect(fetchFirst(source)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(server.asked('/files/graph-1.onnx')).toEqual([]);
  });

  it('tells why the import refused it, and tries the whole again the next time', async () => {
    server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(graph));
    const { source, importer } = make();
    await source.start();
    importer.failure = new TwinlensError('INVALID_ARGUMENT', 'The graph has two inputs.');
    await expect(fetchFirst(source)).rejects.toMatchObject({ message: 'The graph has two inputs.' });
    importer.failure = undefined;
    expect((await fetchFirst(source)).manifest.name).toBe('graph');
  });

  it('makes one package of two fetches at once', async () => {
    server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(graph));
    const { source, importer } = make();
    await source.start();
    const [one, two] = await Promise.all([fetchFirst(source), fetchFirst(source)]);
    expect([one.folder, importer.imports.length]).toEqual([two.folder, 1]);
  });

  it('serves again after a restart without network what it fetched', async () => {
    server.on('/index.json', index(onnxEntry(1), packageEntry())).on('/files/graph-1.onnx', file(graph));
    const { source, data } = make();
    await source.start();
    const { folder: fetched } = await fetchFirst(source);
    await source.close();
    server.on('/index.json', status(503));
    const { source: again } = make({ data });
    await again.start();
    expect(again.snapshot.status.error).toContain('503');
    expect(again.snapshot.aspired[0]?.manifest).toMatchObject({ name: 'graph', version: 1 });
    expect((await fetchFirst(again)).folder).toBe(fetched);
    expect(again.snapshot.status.offers.length).toBe(2);
  });

  it('goes on after a restart with a download that broke off', async () => {
    const large = Buffer.alloc(200_000, 7);
    const { answer, onProgress } = breaking(large, 50_000);
    server.on('/index.json', index(onnxEntry(1, large))).on('/files/graph-1.onnx', answer, status(404));
    const { source, data } = make();
    await source.start();
    await expect(fetchFirst(source, onProgress)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await source.close();
    server.on('/files/graph-1.onnx', file(large));
    const { source: again, importer } = make({ data });
    await again.start();
    await fetchFirst(again);
    expect(importer.imports[0]?.graph).toEqual(large);
    expect(server.asked('/files/graph-1.onnx').at(-1)).toMatchObject({ status: 206 });
  });

  it('fetches anew when the content of a version is another, and forgets what is listed no more at the next start', async () => {
    const other = Buffer.from('other bytes');
    server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(graph));
    const { source, data } = make();
    await source.start();
    const before = source.snapshot.aspired[0]?.fingerprint;
    const first = await fetchFirst(source);
    server.on('/index.json', index(onnxEntry(1, other))).on('/files/graph-1.onnx', file(other));
    await source.check();
    expect(source.snapshot.aspired[0]?.fingerprint).not.toBe(before);
    const second = await fetchFirst(source);
    // What serves from the old folder is not disturbed.
    expect(readFileSync(join(first.folder, 'model.onnx')).equals(graph)).toBe(true);
    await source.close();
    const { source: again } = make({ data });
    await again.start();
    expect(readdirSync(join(first.folder, '..')).map((name) => join(first.folder, '..', name))).toEqual([
      second.folder,
    ]);
  });

  it('asks the mirror by sum, then by name, and the own address last', async () => {
    const mirror = await FileServer.start();
    try {
      server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(graph));
      const asked = () => mirror.seen.map(({ path }) => path);
      const bySum = make({ catalogueMirror: `${mirror.url}/m/` });
      mirror.on(`/m/${sha256(graph)}`, file(graph));
      await bySum.source.start();
      await fetchFirst(bySum.source);
      expect(asked()).toEqual([`/m/${sha256(graph)}`]);
      mirror.seen.length = 0;
      mirror.on(`/m/${sha256(graph)}`, page).on('/m/graph-1.onnx', file(graph));
      const byName = make({ catalogueMirror: `${mirror.url}/m` });
      await byName.source.start();
      await fetchFirst(byName.source);
      expect(asked()).toEqual([`/m/${sha256(graph)}`, '/m/graph-1.onnx']);
      expect(server.asked('/files/graph-1.onnx')).toEqual([]);
      // A mirror with other bytes is passed over.
      mirror.on('/m/graph-1.onnx', file(Buffer.from('THE bytes of a graph')));
      const own = make({ catalogueMirror: `${mirror.url}/m` });
      await own.source.start();
      await fetchFirst(own.source);
      expect(server.asked('/files/graph-1.onnx').length).toBe(1);
    } finally {
      await mirror.stop();
    }
  });

  it('may be a file with its models beside it', async () => {
    const place = folder();
    mkdirSync(join(place, 'files'));
    writeFileSync(join(place, 'files', 'graph-1.onnx'), graph);
    writeFileSync(join(place, 'list.json'), JSON.stringify({ format: 'twinlens-catalogue/1', models: [onnxEntry(1)] }));
    const { source } = make({ catalogues: [join(place, 'list.json')] });
    await source.start();
    expect(source.name).toBe('list');
    expect((await fetchFirst(source)).manifest.name).toBe('graph');
    rmSync(join(place, 'list.json'));
    await source.check();
    expect(source.snapshot.status.error).toContain("can't be read");
    expect(names(source)).toEqual(['graph@1']);
  });

  it('from the network does not make the gateway read its own disk', async () => {
    const entry = onnxEntry(1);
    const content = { ...entry.content, file: { ...entry.content.file, urls: ['file:///etc/hostname'] } };
    server.on('/index.json', index({ ...entry, content }));
    const { source } = make();
    await source.start();
    await expect(fetchFirst(source)).rejects.toMatchObject({ message: expect.stringContaining('not an http') });
  });

  it('says that nothing can be fetched where nothing is kept', async () => {
    server.on('/index.json', index(onnxEntry(1)));
    const sources = createSources({
      configuration: {
        models: folder(),
        data: undefined,
        pollMs: 0,
        checkMs: 0,
        catalogues: [`${server.url}/index.json`],
        catalogueMirror: undefined,
        follow: ['graph'],
        mlflow: undefined,
        maxUploadBytes: 1_000_000,
      },
      mlflowToken: undefined,
      importer: new CopyingImporter().run,
      clock: new FakeClock(),
      now: Date.now,
      random: () => 0.5,
      log: { info: () => undefined },
    });
    expect(sources.map(({ name }) => name)).toEqual(['models', '127.0.0.1']);
    const source = sources[1];
    if (!source) throw new Error('no catalogue was made');
    open.push(source);
    await source.start();
    await expect(fetchFirst(source)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('TWINLENS_DATA'),
    });
  });
});

describe("the project's own catalogue", () => {
  const path = 'models/catalogue.json';

  it('lists models of the ONNX model zoo by address, size and sum, all of them readable', async () => {
    const { source } = make({ catalogues: [path], follow: [] });
    await source.start();
    const { offers, refused, error } = source.snapshot.status;
    expect([source.name, refused, error]).toEqual(['catalogue', [], undefined]);
    expect(offers.length).toBeGreaterThanOrEqual(3);
    expect(names(source)).toEqual([]);
  });

  it('brings mobilenetv2-12-int8 and shufflenet-v2-12-int8 from a mirror by sum, byte for byte', async (context) => {
    if (!sharedDir) return context.skip(NO_SHARED);
    for (const model of ['mobilenetv2-12-int8', 'shufflenet-v2-12-int8']) {
      const bytes = readFileSync(join(sharedDir, 'models', `${model}.onnx`));
      const { answer, onProgress } = breaking(bytes, 1_000_000);
      server.on(`/${sha256(bytes)}`, answer, file(bytes));
      const { source, importer } = make({ catalogues: [path], follow: [model], catalogueMirror: server.url });
      await source.start();
      await fetchFirst(source, onProgress);
      expect(importer.imports[0]?.graph?.equals(bytes)).toBe(true);
      expect(importer.imports[0]?.hints).toMatchObject({ preset: 'torchvision', classNames: 'imagenet-1k' });
      expect(server.asked(`/${sha256(bytes)}`).map((seen) => seen.status)).toEqual([200, 206]);
    }
  });
  it('becomes a package that passed its goldens in a process of its own', { timeout: 240_000 }, async (context) => {
    if (!sharedDir) return context.skip(NO_SHARED);
    const bytes = readFileSync(join(sharedDir, 'models', 'mobilenetv2-12-int8.onnx'));
    server.on('/mobilenetv2-12-int8.onnx', file(bytes));
    const importer = createImporter({
      providers: ['cpu'],
      threads: 1,
      maxPixels: 1_000_000,
      maxBytes: 10_000_000,
      batchMax: 0,
      imagenetNames: 'models/efficientnet-lite0/classes.json',
    });
    const mirrored = { catalogues: [path], follow: ['mobilenetv2-12-int8'], catalogueMirror: server.url };
    const { source } = make(mirrored, importer);
    await source.start();
    const { folder: found, manifest } = await fetchFirst(source);
    expect(manifest).toMatchObject({ name: 'mobilenetv2-12-int8', version: 1, licence: 'Apache-2.0' });
    expect(manifest.output.classes).toBe(1000);
    const graph = Object.keys(manifest.files).find((name) => name.endsWith('.onnx')) ?? '';
    expect(manifest.files[graph]?.sha256).toBe(sha256(bytes));
    expect(readFileSync(join(found, graph)).equals(bytes)).toBe(true);
  });
});
