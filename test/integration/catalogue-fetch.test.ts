/** Fetching what a catalogue lists from a real HTTP server: checked, resumed, mirrored, and nothing half-done left. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import type { FetchProgress } from '../../gateway/sources/index.ts';
import { catalogue, fetchFirst, graph, index, onnxEntry } from '../support/catalogue.ts';
import { breaking, FileServer, file, page, sha256, status } from '../support/file-server.ts';
import { tinyPackage } from '../support/tiny-package.ts';

const catalogues = catalogue();

describe('a catalogue', () => {
  it('fetches a bare graph with progress, hands it to the importer with what the entry says, and has it then', async () => {
    catalogues.server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(graph));
    const { source, importer, data } = catalogues.make();
    await source.start();
    expect(source.snapshot.aspired[0]).toMatchObject({ manifest: undefined });
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
    expect(catalogues.server.asked('/files/graph-1.onnx').length).toBe(1);
  });

  it('fetches a package file by file, byte for byte', async () => {
    catalogues.server.on('/index.json', index(catalogues.packageEntry()));
    const { source } = catalogues.make({ follow: ['tiny'] });
    await source.start();
    const { folder: found } = await fetchFirst(source);
    for (const [path, bytes] of tinyPackage('tiny', 5).files) expect(readFileSync(join(found, path))).toEqual(bytes);
  });

  it('refuses a package that is another version than the one listed', async () => {
    catalogues.server.on('/index.json', index({ ...catalogues.packageEntry(), version: 6 }));
    const { source } = catalogues.make({ follow: ['tiny'] });
    await source.start();
    await expect(fetchFirst(source)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'The package is tiny@5, not tiny@6 as it is listed.',
    });
  });

  it('refuses bytes that are not the listed ones, and leaves nothing half-done', async () => {
    const other = Buffer.from('the bytes of A graph');
    catalogues.server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(other));
    const { source, importer, data } = catalogues.make();
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
    catalogues.server.on('/index.json', index(onnxEntry(1)));
    const { source } = catalogues.make({ maxUploadBytes: 10 });
    await source.start();
    await expect(fetchFirst(source)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(catalogues.server.asked('/files/graph-1.onnx')).toEqual([]);
  });

  it('tells why the import refused it, and tries the whole again the next time', async () => {
    catalogues.server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(graph));
    const { source, importer } = catalogues.make();
    await source.start();
    importer.failure = new TwinlensError('INVALID_ARGUMENT', 'The graph has two inputs.');
    await expect(fetchFirst(source)).rejects.toMatchObject({ message: 'The graph has two inputs.' });
    importer.failure = undefined;
    expect((await fetchFirst(source)).manifest.name).toBe('graph');
  });

  it('makes one package of two fetches at once', async () => {
    catalogues.server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(graph));
    const { source, importer } = catalogues.make();
    await source.start();
    const [one, two] = await Promise.all([fetchFirst(source), fetchFirst(source)]);
    expect([one.folder, importer.imports.length]).toEqual([two.folder, 1]);
  });

  it('goes on after a restart with a download that broke off', async () => {
    const large = Buffer.alloc(200_000, 7);
    const { answer, onProgress } = breaking(large, 50_000);
    catalogues.server.on('/index.json', index(onnxEntry(1, large))).on('/files/graph-1.onnx', answer, status(404));
    const { source, data } = catalogues.make();
    await source.start();
    await expect(fetchFirst(source, onProgress)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await source.close();
    catalogues.server.on('/files/graph-1.onnx', file(large));
    const { source: again, importer } = catalogues.make({ data });
    await again.start();
    await fetchFirst(again);
    expect(importer.imports[0]?.graph).toEqual(large);
    expect(catalogues.server.asked('/files/graph-1.onnx').at(-1)).toMatchObject({ status: 206 });
  });

  it('fetches anew when the content of a version is another, and forgets what is listed no more at the next start', async () => {
    const other = Buffer.from('other bytes');
    catalogues.server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(graph));
    const { source, data } = catalogues.make();
    await source.start();
    const before = source.snapshot.aspired[0]?.fingerprint;
    const first = await fetchFirst(source);
    catalogues.server.on('/index.json', index(onnxEntry(1, other))).on('/files/graph-1.onnx', file(other));
    await source.check();
    expect(source.snapshot.aspired[0]?.fingerprint).not.toBe(before);
    const second = await fetchFirst(source);
    // What serves from the old folder is not disturbed.
    expect(readFileSync(join(first.folder, 'model.onnx')).equals(graph)).toBe(true);
    await source.close();
    const { source: again } = catalogues.make({ data });
    await again.start();
    expect(readdirSync(join(first.folder, '..')).map((name) => join(first.folder, '..', name))).toEqual([
      second.folder,
    ]);
  });

  it('asks the mirror by sum, then by name, and the own address last', async () => {
    const mirror = await FileServer.start();
    try {
      catalogues.server.on('/index.json', index(onnxEntry(1))).on('/files/graph-1.onnx', file(graph));
      const asked = () => mirror.seen.map(({ path }) => path);
      const bySum = catalogues.make({ catalogueMirror: `${mirror.url}/m/` });
      mirror.on(`/m/${sha256(graph)}`, file(graph));
      await bySum.source.start();
      await fetchFirst(bySum.source);
      expect(asked()).toEqual([`/m/${sha256(graph)}`]);
      mirror.seen.length = 0;
      mirror.on(`/m/${sha256(graph)}`, page).on('/m/graph-1.onnx', file(graph));
      const byName = catalogues.make({ catalogueMirror: `${mirror.url}/m` });
      await byName.source.start();
      await fetchFirst(byName.source);
      expect(asked()).toEqual([`/m/${sha256(graph)}`, '/m/graph-1.onnx']);
      expect(catalogues.server.asked('/files/graph-1.onnx')).toEqual([]);
      // A mirror with other bytes is passed over.
      mirror.on('/m/graph-1.onnx', file(Buffer.from('THE bytes of a graph')));
      const own = catalogues.make({ catalogueMirror: `${mirror.url}/m` });
      await own.source.start();
      await fetchFirst(own.source);
      expect(catalogues.server.asked('/files/graph-1.onnx').length).toBe(1);
    } finally {
      await mirror.stop();
    }
  });

  it('from the network does not make the gateway read its own disk', async () => {
    const entry = onnxEntry(1);
    const content = { ...entry.content, file: { ...entry.content.file, urls: ['file:///etc/hostname'] } };
    catalogues.server.on('/index.json', index({ ...entry, content }));
    const { source } = catalogues.make();
    await source.start();
    await expect(fetchFirst(source)).rejects.toMatchObject({ message: expect.stringContaining('not an http') });
  });

  it('says that nothing can be fetched where nothing is kept', async () => {
    catalogues.server.on('/index.json', index(onnxEntry(1)));
    const { source, sources } = catalogues.make({ data: undefined });
    expect(sources.map(({ name }) => name)).toEqual(['models', '127.0.0.1']);
    await source.start();
    await expect(fetchFirst(source)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('TWINLENS_DATA'),
    });
  });
});
