import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolders } from '../../test/support/temporary.ts';
import { EMPTY_MODEL, modelState, type SavedState, withEntry, withModel } from './state.ts';
import { STATE_FILE, StateStore } from './state-store.ts';

const fresh = temporaryFolders();

const label = (version: number) => (state: SavedState) =>
  withModel(state, 'mini', (model) => ({ ...model, labels: { ...model.labels, beta: version } }));
const beta = ({ state }: StateStore) => modelState(state, 'mini').labels.beta;

/** A disk whose next writes fail with these codes. */
function failing(codes: string[]) {
  return (path: string, text: string): Promise<void> => {
    const code = codes.shift();
    if (code !== undefined) return Promise.reject(Object.assign(new Error(`${code}: refused`), { code }));
    writeFileSync(path, text);
    return Promise.resolve();
  };
}

describe('the state', () => {
  it('is there again after a restart', async () => {
    const folder = join(fresh(), 'new', 'data');
    const store = await StateStore.open({ folder });
    expect(store).toMatchObject({ readOnly: undefined, state: { models: {}, follows: [], journal: [] } });
    const canary = { version: 3, share: 0.25, shadow: 1, limits: { minRequests: 5, windowMs: 1000 }, startedAt: 7 };
    await store.change(label(2));
    await store.change((state) => withModel(state, 'mini', (model) => ({ ...model, canary, policy: { kind: 'all' } })));
    await store.change((state) => ({ ...state, follows: [{ source: 'zoo', model: 'resnet' }] }));
    await store.change((state) => withEntry(state, { at: 1, actor: 'admin', action: 'label', detail: 'Moved.' }, 10));
    expect((await StateStore.open({ folder })).state).toEqual(store.state);
    expect(modelState(store.state, 'mini')).toMatchObject({ labels: { beta: 2 }, canary, policy: { kind: 'all' } });
  });

  it('changes one after the other, in order, each seeing the one before', async () => {
    const folder = fresh();
    const store = await StateStore.open({ folder });
    const add = (state: SavedState) => label((modelState(state, 'mini').labels.beta ?? 0) + 1)(state);
    await Promise.all(Array.from({ length: 50 }, () => store.change(add)));
    expect(beta(store)).toBe(50);
    expect(beta(await StateStore.open({ folder }))).toBe(50);
  });

  it('keeps the newest entries of the journal up to the bound', () => {
    let state = withEntry({ format: 'twinlens-state/1', models: {}, follows: [], journal: [] }, entry(0), 3);
    for (let at = 1; at < 10; at += 1) state = withEntry(state, entry(at), 3);
    expect(state.journal.map(({ at }) => at)).toEqual([7, 8, 9]);
    function entry(at: number) {
      return { at, actor: 'admin', action: 'note', detail: '' };
    }
  });

  it('knows models and labels by names that objects have themselves', async () => {
    const store = await StateStore.open({ folder: fresh() });
    expect(modelState(store.state, 'constructor')).toBe(EMPTY_MODEL);
    await store.change((state) => withModel(state, 'constructor', (model) => ({ ...model, loaded: [1] })));
    expect(modelState(store.state, 'constructor').loaded).toEqual([1]);
    expect(modelState(store.state, 'tostring')).toBe(EMPTY_MODEL);
  });
});

describe('a disk that refuses', () => {
  it.each([
    ['ENOSPC', /full/],
    ['EROFS', /read-only/],
    ['EACCES', /may not write/],
    ['EIO', /EIO/],
  ])('%s: the change rejects with UNAVAILABLE, memory and disk stay, and a later change works', async (code, words) => {
    const folder = fresh();
    await (await StateStore.open({ folder })).change(label(1));
    const before = readFileSync(join(folder, STATE_FILE), 'utf8');
    const store = await StateStore.open({ folder, write: failing([code]) });
    await expect(store.change(label(2))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(words),
    });
    expect(beta(store)).toBe(1);
    expect(readFileSync(join(folder, STATE_FILE), 'utf8')).toBe(before);
    expect(store.readOnly).toMatch(words);
    await store.change(label(3));
    expect(store.readOnly).toBeUndefined();
    expect(beta(await StateStore.open({ folder }))).toBe(3);
  });

  it('a fact that can not be kept holds in memory, and is written with the next change', async () => {
    const folder = fresh();
    const store = await StateStore.open({ folder, write: failing(['ENOSPC']) });
    await expect(store.record(label(2))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(beta(store)).toBe(2);
    await store.change((state) => withEntry(state, { at: 1, actor: 'admin', action: 'note', detail: '' }, 10));
    expect(beta(await StateStore.open({ folder }))).toBe(2);
  });

  it('is asked again by recheck: what was not kept is on disk then, and one that still refuses is still told', async () => {
    const folder = fresh();
    const store = await StateStore.open({ folder, write: failing(['ENOSPC', 'ENOSPC']) });
    await expect(store.record(label(2))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await store.recheck();
    expect(store.readOnly).toMatch(/full/);
    await Promise.all([store.recheck(), store.recheck()]);
    expect(store.readOnly).toBeUndefined();
    expect(beta(await StateStore.open({ folder }))).toBe(2);
  });

  it('an edit that throws changes nothing and holds up nobody', async () => {
    const store = await StateStore.open({ folder: fresh() });
    const thrown = store.change(() => {
      throw new Error('no');
    });
    const after = store.change(label(4));
    await expect(thrown).rejects.toThrow('no');
    await after;
    expect(beta(store)).toBe(4);
  });

  it('a folder that can not be made: the gateway runs, says why, and refuses changes', async () => {
    const file = join(fresh(), 'file');
    writeFileSync(file, '');
    const store = await StateStore.open({ folder: join(file, 'data') });
    expect(store.readOnly).toMatch(/can't be written/);
    await expect(store.change(label(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(beta(store)).toBeUndefined();
  });

  it('no data folder: changes are refused with what to set, facts live in memory', async () => {
    const store = await StateStore.open({ folder: undefined });
    await expect(store.change(label(1))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('TWINLENS_DATA'),
    });
    await store.record(label(2));
    expect(beta(store)).toBe(2);
  });
});

describe('at the start', () => {
  it.each([
    ['half a file', '{"format":"twinlens-state/1","models":{'],
    ['nothing', ''],
    ['another format', '{"format":"twinlens-state/9","models":{},"follows":[],"journal":[]}'],
    [
      'a wrong version',
      '{"format":"twinlens-state/1","models":{"mini":{"labels":{"beta":-1}}},"follows":[],"journal":[]}',
    ],
  ])('a file with %s is refused by its name and left as it is', async (_, text) => {
    const folder = fresh();
    const path = join(folder, STATE_FILE);
    writeFileSync(path, text);
    await expect(StateStore.open({ folder })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`${path} is damaged`),
    });
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('what a killed write left behind is cleaned away, and nothing else', async () => {
    const folder = fresh();
    for (const name of ['state.json.123456', 'state.json.bak', 'other.1']) writeFileSync(join(folder, name), 'x');
    mkdirSync(join(folder, 'models'));
    await StateStore.open({ folder });
    expect(readdirSync(folder).sort()).toEqual(['models', 'other.1', 'state.json.bak']);
  });
});
