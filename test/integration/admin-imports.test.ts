/** Imports over the admin API: from what is handed in to the report and what is published. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseImportReport, parseOverview, parseUpload } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { adminServers, ask, begin, reportOf, upload } from '../support/admin-api.ts';

const start = adminServers();

describe('imports', () => {
  test('from upload to published: report, one rename, a line in the journal, and nothing left behind', async () => {
    const server = await start();
    const begun = await begin(server, { name: 'fresh' });
    expect(begun).toMatchObject({ state: 'checking', from: 'model.tar', bytes: 10 });
    const made = await server.importer.begun(1);
    expect(made.input).toMatchObject({ fileName: 'model.tar', hints: { name: 'fresh' } });
    made.finish();
    const ready = await reportOf(server, begun.id, 'ready');
    expect(ready).toMatchObject({
      model: 'fresh',
      version: 1,
      steps: [{ step: 'fetch', state: 'passed' }, {}, {}, {}, {}, {}, {}, {}, {}],
    });
    expect(existsSync(join(server.root, 'fresh')), 'nothing is published before it is wanted').toBe(false);

    const published = await ask(server, 'POST', `/imports/${begun.id}/publish`, { body: { as: 'serve' } });
    expect(parseImportReport(published.body).state).toBe('published');
    expect(existsSync(join(server.root, 'fresh', '1', 'model.json'))).toBe(true);
    expect(server.operations.calls).toEqual(['published']);
    expect(server.operations.entries).toMatchObject([
      { actor: 'admin', action: 'publish', model: 'fresh', version: 1 },
    ]);
    expect(await server.staged()).toEqual([]);
    const again = await ask(server, 'POST', `/imports/${begun.id}/publish`, { body: { as: 'serve' } });
    expect(again.body.code).toBe('CONFLICT');
  });

  test('a refused one says which step failed; the upload stays for another try', async () => {
    const server = await start();
    const { id } = parseUpload((await upload(server, new Uint8Array(5))).body);
    const from = { upload: id };
    const begun = parseImportReport((await ask(server, 'POST', '/imports', { body: { from } })).body);
    const first = await server.importer.begun(1);
    first.options.onStep('unpack', 'failed', 'It is no archive.');
    first.fail(new TwinlensError('INVALID_ARGUMENT', 'It is no archive.'));
    const refused = await reportOf(server, begun.id, 'refused');
    expect(refused.steps.slice(0, 3)).toMatchObject([
      { state: 'passed' },
      { step: 'unpack', state: 'failed', message: 'It is no archive.' },
      { state: 'waiting' },
    ]);
    expect((await ask(server, 'POST', `/imports/${begun.id}/publish`, { body: { as: 'serve' } })).status).toBe(409);
    await expect.poll(server.staged, { message: 'only the upload' }).toHaveLength(1);
    await expect
      .poll(() => server.log)
      .toContainEqual(expect.objectContaining({ event_type: 'import', state: 'refused', reason: 'It is no archive.' }));
    expect((await ask(server, 'POST', '/imports', { body: { from } })).status).toBe(202);
  });

  test('one that can not be written down is taken back and waits to be published again', async () => {
    const server = await start();
    const { id } = await begin(server, { name: 'fresh' });
    (await server.importer.begun(1)).finish();
    await reportOf(server, id, 'ready');
    server.operations.noteFailure = new TwinlensError('UNAVAILABLE', 'The disk is full; make room.');
    const publish = () => ask(server, 'POST', `/imports/${id}/publish`, { body: { as: 'serve' } });
    expect((await publish()).body).toMatchObject({ code: 'UNAVAILABLE', detail: 'The disk is full; make room.' });
    expect(existsSync(join(server.root, 'fresh', '1'))).toBe(false);
    expect((await reportOf(server, id, 'ready')).version).toBe(1);
    server.operations.noteFailure = undefined;
    expect((await publish()).status).toBe(200);
    expect(existsSync(join(server.root, 'fresh', '1', 'model.json'))).toBe(true);
  });

  test('a hold keeps stable where it is before the package appears', async () => {
    const server = await start();
    const { id } = await begin(server);
    (await server.importer.begun(1)).finish();
    expect(await reportOf(server, id, 'ready')).toMatchObject({ model: 'mini', version: 2 });
    await ask(server, 'POST', `/imports/${id}/publish`, { body: { as: 'hold' } });
    expect(server.operations.calls).toEqual(['hold mini admin', 'published']);
  });

  test.each(['hold', 'canary'])('one that can not appear leaves stable as it was: %s', async (as) => {
    const server = await start();
    const { id } = await begin(server);
    (await server.importer.begun(1)).finish();
    await reportOf(server, id, 'ready');
    await mkdir(join(server.root, 'mini', '2', 'in the way'), { recursive: true });
    const publish = () => ask(server, 'POST', `/imports/${id}/publish`, { body: { as } });
    expect((await publish()).body.code).toBe('CONFLICT');
    expect(server.operations.model('mini').stable).toBe('newest');
    expect(server.operations.calls).toEqual(['hold mini admin', 'follow-newest mini admin']);
    await server.operations.hold('mini', 'admin');
    expect((await publish()).body.code).toBe('CONFLICT');
    expect(server.operations.model('mini').stable, 'by the operator').toBe('pinned');
    expect((await reportOf(server, id, 'ready')).state).toBe('ready');
  });

  test('a canary is published held, loaded, and gets its share', async () => {
    const server = await start();
    const { id } = await begin(server);
    (await server.importer.begun(1)).finish();
    await reportOf(server, id, 'ready');
    const body = { as: 'canary', share: 0.25 };
    expect((await ask(server, 'POST', `/imports/${id}/publish`, { body })).status).toBe(200);
    expect(server.operations.calls).toEqual([
      'hold mini admin',
      'published',
      'load mini 2 admin',
      'canary mini {"version":2,"share":0.25} admin',
    ]);
  });

  test('a new model can be no canary: there is nothing beside it; it still waits afterwards', async () => {
    const server = await start();
    const { id } = await begin(server, { name: 'fresh' });
    (await server.importer.begun(1)).finish();
    await reportOf(server, id, 'ready');
    expect((await ask(server, 'POST', `/imports/${id}/publish`, { body: { as: 'canary' } })).body.code).toBe(
      'CONFLICT',
    );
    expect((await ask(server, 'POST', `/imports/${id}/publish`, { body: { as: 'serve' } })).status).toBe(200);
  });

  test('of two imports of the same version the second is refused with 409 when it is known at once', async () => {
    const server = await start();
    await begin(server, { name: 'fresh', version: 7 });
    const { id } = parseUpload((await upload(server, new Uint8Array(5))).body);
    const hints = { name: 'fresh', version: 7 };
    const second = await ask(server, 'POST', '/imports', { body: { from: { upload: id }, hints } });
    expect([second.status, second.body.code]).toEqual([409, 'CONFLICT']);
    const known = { name: 'mini', version: 1 };
    expect((await ask(server, 'POST', '/imports', { body: { from: { upload: id }, hints: known } })).status).toBe(409);
  });

  test('of two at once the second is refused in its report when its version shows later; without one they differ', async () => {
    const server = await start();
    const first = await begin(server, { name: 'fresh' });
    (await server.importer.begun(1)).finish();
    expect((await reportOf(server, first.id, 'ready')).version).toBe(1);
    const second = await begin(server, { name: 'fresh' });
    (await server.importer.begun(2)).finish();
    expect((await reportOf(server, second.id, 'ready')).version).toBe(2);

    const third = await begin(server);
    const made = await server.importer.begun(3);
    const claim = () => made.options.claim?.('fresh', 2);
    expect(claim).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    made.fail(new TwinlensError('CONFLICT', 'fresh version 2 is being imported already.'));
    const refused = await reportOf(server, third.id, 'refused');
    expect(refused.steps.find(({ state }) => state === 'failed')?.message).toContain('being imported already');
  });

  test('a running one is cancelled and a waiting one forgotten by DELETE; nothing is left behind', async () => {
    const server = await start();
    const running = await begin(server);
    const made = await server.importer.begun(1);
    const waiting = await begin(server);
    expect((await ask(server, 'DELETE', `/imports/${waiting.id}`)).status).toBe(204);
    expect((await ask(server, 'DELETE', `/imports/${running.id}`)).status).toBe(204);
    expect(made.options.signal.aborted).toBe(true);
    expect((await ask(server, 'GET', `/imports/${running.id}`)).status).toBe(404);
    expect((await ask(server, 'GET', '/imports')).body.imports).toEqual([]);
    await expect.poll(server.staged, { message: 'the two uploads' }).toHaveLength(2);
    expect(server.importer.imports, 'the waiting one never ran').toHaveLength(1);
  });

  test('beyond the queue there is QUEUE_FULL', async () => {
    const server = await start();
    const { id } = parseUpload((await upload(server, new Uint8Array(5))).body);
    const another = () => ask(server, 'POST', '/imports', { body: { from: { upload: id } } });
    for (let i = 0; i < 9; i += 1) expect((await another()).status).toBe(202);
    const full = await another();
    expect([full.body.code, full.headers.get('retry-after')]).toEqual(['QUEUE_FULL', '10']);
  });

  test('a disk that refuses is told and changes nothing', async () => {
    const server = await start();
    server.operations.readOnly = 'The disk is read-only; mount it writable.';
    expect(parseOverview((await ask(server, 'GET', '')).body).readOnly).toContain('read-only');
    const { id } = parseUpload((await upload(server, new Uint8Array(5))).body);
    const refused = await ask(server, 'POST', '/imports', { body: { from: { upload: id } } });
    expect([refused.body.code, refused.body.detail]).toEqual(['UNAVAILABLE', expect.stringContaining('read-only')]);
    server.operations.onRecheck = () => {
      server.operations.readOnly = undefined;
    };
    const taken = await ask(server, 'POST', '/imports', { body: { from: { upload: id } } });
    expect(taken.status, 'nobody has to change something else first').toBe(202);
  });

  test('an address is fetched, shown without what may be secret in it', async () => {
    const asked: string[] = [];
    const server = await start({
      download: async ({ url, onProgress }) => {
        asked.push(url);
        onProgress({ loadedBytes: 5, totalBytes: 10 });
        return { bytes: 10 };
      },
    });
    const url = 'https://user:secret@models.example/a/b%20c.zip?signature=secret';
    const begun = parseImportReport((await ask(server, 'POST', '/imports', { body: { from: { url } } })).body);
    const made = await server.importer.begun(1);
    expect(made.input).toMatchObject({ fileName: 'b c.zip', source: 'https://models.example/a/b%20c.zip' });
    expect(asked).toEqual([url]);
    made.finish();
    const report = await reportOf(server, begun.id, 'ready');
    expect(report.bytes).toBe(10);
    expect(JSON.stringify([report, server.log])).not.toContain('secret');
  });

  test('a package that nobody publishes is deleted after an hour', async () => {
    const timers: { ms: number; run: () => void }[] = [];
    const after = (ms: number, run: () => void) => {
      timers.push({ ms, run });
      return () => undefined;
    };
    const server = await start({ after });
    const { id } = await begin(server);
    (await server.importer.begun(1)).finish();
    await reportOf(server, id, 'ready');
    expect(await server.staged()).toHaveLength(2);
    for (const { ms, run } of timers) if (ms === 3_600_000) run();
    await expect.poll(server.staged).toEqual([]);
    expect((await ask(server, 'GET', `/imports/${id}`)).status).toBe(404);
  });
});
