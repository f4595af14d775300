/** The catalogue source against a real HTTP server: what it lists and offers, revalidation, and life offline. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogue, fetchFirst, graph, index, names, onnxEntry } from '../support/catalogue.ts';
import { endless, file, page, status } from '../support/file-server.ts';

const catalogues = catalogue();

describe('a catalogue', () => {
  it('offers all that it lists, and aspires to every version of what is followed', async () => {
    catalogues.server.on('/index.json', index(onnxEntry(1), onnxEntry(2), catalogues.packageEntry()));
    const { source } = catalogues.make();
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
    catalogues.server.on('/index.json', index(onnxEntry(1)));
    const { source } = catalogues.make();
    await source.start();
    await source.check();
    expect(catalogues.server.asked('/index.json').map((seen) => seen.status)).toEqual([200, 304]);
    expect(names(source)).toEqual(['graph@1']);
    catalogues.server.on('/index.json', index(onnxEntry(1), onnxEntry(2)));
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
    catalogues.server.on('/index.json', index(onnxEntry(1)));
    const { source, clock } = catalogues.make();
    await source.start();
    catalogues.server.on('/index.json', answer);
    await source.check();
    expect(source.snapshot.status.error).toContain(reason);
    expect(names(source)).toEqual(['graph@1']);
    // Sooner again than after the interval.
    expect(source.snapshot.status.nextCheckAt).toBe(clock.now() + 60_000);
    catalogues.server.on('/index.json', index(onnxEntry(1)));
    await source.check();
    expect(source.snapshot.status).toMatchObject({ error: undefined, nextCheckAt: clock.now() + 3_600_000 });
  });

  it('refuses a wrong entry with its reason and takes the others', async () => {
    const { licence, ...wrong } = onnxEntry(2);
    catalogues.server.on('/index.json', index(onnxEntry(1), wrong, onnxEntry(1), 7));
    const { source } = catalogues.make();
    await source.start();
    expect(names(source)).toEqual(['graph@1']);
    expect(source.snapshot.status.refused).toEqual([
      { what: 'graph@2', reason: expect.stringContaining('licence') },
      { what: 'graph@1', reason: expect.stringContaining('listed twice') },
      { what: 'models.3', reason: expect.stringContaining('expected object') },
    ]);
    expect(licence).toBe('MIT');
  });

  it('serves again after a restart without network what it fetched', async () => {
    catalogues.server
      .on('/index.json', index(onnxEntry(1), catalogues.packageEntry()))
      .on('/files/graph-1.onnx', file(graph));
    const { source, data } = catalogues.make();
    await source.start();
    const { folder: fetched } = await fetchFirst(source);
    await source.close();
    catalogues.server.on('/index.json', status(503));
    const { source: again } = catalogues.make({ data });
    await again.start();
    expect(again.snapshot.status.error).toContain('503');
    expect(again.snapshot.aspired[0]?.manifest).toMatchObject({ name: 'graph', version: 1 });
    expect((await fetchFirst(again)).folder).toBe(fetched);
    expect(again.snapshot.status.offers.length).toBe(2);
  });

  it('can not be removed from while the model is followed: it would be fetched again', async () => {
    catalogues.server.on('/index.json', index(onnxEntry(1)));
    const { source } = catalogues.make();
    await source.start();
    expect(source.snapshot.aspired[0]?.irremovable).toContain('unfollow the model first');
  });

  it('keeps no files over a restart of what is not followed any more', async () => {
    catalogues.server.on('/index.json', index(onnxEntry(1), catalogues.packageEntry()));
    catalogues.server.on('/files/graph-1.onnx', file(graph));
    const { source, data } = catalogues.make({ follow: [] });
    await source.start();
    source.follow(['graph', 'tiny']);
    for (const { fetch } of source.snapshot.aspired)
      await fetch({ signal: new AbortController().signal, onProgress: () => undefined });
    await source.close();
    const { source: again } = catalogues.make({ data, follow: [] });
    again.follow(['tiny']);
    await again.start();
    again.follow(['graph', 'tiny']);
    const kept = again.snapshot.aspired.map(({ name, manifest }) => `${name} ${manifest?.version}`);
    expect(kept).toEqual(['graph undefined', 'tiny 5']);
  });

  it('may be a file with its models beside it', async () => {
    const place = catalogues.folder();
    mkdirSync(join(place, 'files'));
    writeFileSync(join(place, 'files', 'graph-1.onnx'), graph);
    writeFileSync(join(place, 'list.json'), JSON.stringify({ format: 'twinlens-catalogue/1', models: [onnxEntry(1)] }));
    const { source } = catalogues.make({ catalogues: [join(place, 'list.json')] });
    await source.start();
    expect(source.name).toBe('list');
    expect((await fetchFirst(source)).manifest.name).toBe('graph');
    rmSync(join(place, 'list.json'));
    await source.check();
    expect(source.snapshot.status.error).toContain("can't be read");
    expect(names(source)).toEqual(['graph@1']);
  });
});
