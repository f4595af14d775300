import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settle } from '../../test/doubles/fake-clock.ts';
import { actions, available, labels, served, startOperated, written } from '../../test/support/operated.ts';
import type { ServingOptions } from '../../test/support/serving.ts';
import { temporaryFolders } from '../../test/support/temporary.ts';

const fresh = temporaryFolders();
const start = (options: ServingOptions = {}) => startOperated({ ...options, data: options.data ?? fresh() });

const ALL = { TWINLENS_VERSIONS: 'all' };
const conflict = expect.objectContaining({ code: 'CONFLICT' });

describe('labels', () => {
  it('an own label brings its version, keeps it, can be asked for and taken away', async () => {
    const serving = await start({ versions: [1, 2] });
    const { operations } = serving.registry;
    await operations.setLabel('mini', 'beta', 1, 'admin');
    expect([served(serving, 'mini:beta'), served(serving)]).toEqual([1, 2]);
    await expect(operations.unload('mini', 1, 'admin')).rejects.toEqual(conflict);
    await operations.removeLabel('mini', 'beta', 'admin');
    await written(serving);
    expect(available(serving)).toEqual([2]);
    expect(() => serving.registry.acquire('mini:beta')).toThrowError(
      expect.objectContaining({ code: 'MODEL_NOT_FOUND' }),
    );
    await expect(operations.removeLabel('mini', 'beta', 'admin')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is not moved where the disk refuses', async () => {
    const serving = await start({ data: '', versions: [1, 2], environment: ALL });
    const refused = expect.objectContaining({ code: 'UNAVAILABLE' });
    await expect(serving.registry.operations.setLabel('mini', 'beta', 1, 'admin')).rejects.toEqual(refused);
    await expect(serving.registry.operations.promote('mini', 1, 'admin')).rejects.toEqual(refused);
    expect(labels(serving)).toEqual({ stable: 2 });
    expect(serving.registry.operations.readOnly).toContain('TWINLENS_DATA');
  });

  it.each(['canary', 'Beta', '9', ''])('%j is no own label', async (label) => {
    const serving = await start();
    await expect(serving.registry.operations.setLabel('mini', label, 1, 'admin')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('of an unknown model or version is MODEL_NOT_FOUND', async () => {
    const { registry } = await start();
    const unknown = expect.objectContaining({ code: 'MODEL_NOT_FOUND' });
    await expect(registry.operations.promote('maxi', 1, 'admin')).rejects.toEqual(unknown);
    await expect(registry.operations.promote('mini', 9, 'admin')).rejects.toEqual(unknown);
    expect(() => registry.operations.model('maxi')).toThrowError(unknown);
  });
});

describe('versions', () => {
  it('loaded by hand stays until it is unloaded by hand, also the last one', async () => {
    const serving = await start({ versions: [1, 2] });
    const { operations } = serving.registry;
    await operations.load('mini', 1, 'admin');
    expect(available(serving)).toEqual([1, 2]);
    for (const version of [1, 2]) await operations.unload('mini', version, 'admin');
    expect(available(serving)).toEqual([]);
    expect(() => serving.registry.acquire('mini')).toThrowError(expect.objectContaining({ code: 'MODEL_NOT_READY' }));
    await operations.load('mini', 2, 'admin');
    expect(served(serving)).toBe(2);
  });

  it('an older one serves while the newest fails; the reason is journaled once, not with every try', async () => {
    const serving = await start({ versions: [1, 2], scripts: { 2: { broken: 'No.' } } });
    await serving.clock.advance(60_000);
    await written(serving);
    expect([served(serving), available(serving)]).toEqual([1, [1]]);
    expect(serving.registry.operations.model('mini').versions[0]).toMatchObject({ state: 'failed', reason: 'No.' });
    expect(serving.told.filter(([name]) => name === 'loadEnded').length).toBeGreaterThan(2);
    expect(actions(serving).filter((action) => action === 'gateway failed 2')).toHaveLength(1);
    serving.script(2).broken = undefined;
    await serving.registry.operations.load('mini', 2, 'admin');
    expect(served(serving)).toBe(2);
  });

  it('removed: unloaded, its folder gone, its number not given again', async () => {
    const data = fresh();
    const folder = (version: number) => join(data, 'models', 'mini', String(version));
    for (const version of [1, 2]) mkdirSync(folder(version), { recursive: true });
    writeFileSync(join(folder(2), 'model.json'), '{}');
    const serving = await start({ data, versions: [1, 2], folder, environment: ALL });
    const { operations } = serving.registry;
    await expect(operations.remove('mini', 2, 'admin')).rejects.toEqual(conflict);
    await operations.promote('mini', 1, 'admin');
    serving.source.onCheck = () => serving.publish(...(existsSync(folder(2)) ? [1, 2] : [1]));
    expect(operations.nextVersion('mini')).toBe(3);
    await operations.remove('mini', 2, 'admin');
    expect([existsSync(folder(2)), existsSync(folder(1)), available(serving)]).toEqual([false, true, [1]]);
    expect(readdirSync(join(data, '.removed'))).toEqual([]);
    expect(operations.nextVersion('mini')).toBe(3);
    expect(operations.nextVersion('new')).toBe(1);
    expect(operations.model('mini').versions.map(({ version }) => version)).toEqual([1]);
    const states = serving.told.filter(
      ([name, event]) => name === 'versionState' && 'version' in event && event.version === 2,
    );
    expect(states.at(-1)?.[1], 'what is measured of it may be forgotten').toMatchObject({ state: undefined });
  });

  it("whose files are not the gateway's own are not removed", async () => {
    const data = fresh();
    const elsewhere = fresh();
    const serving = await start({ data, versions: [1, 2], folder: () => elsewhere });
    await expect(serving.registry.operations.remove('mini', 1, 'admin')).rejects.toEqual(conflict);
    expect(existsSync(elsewhere)).toBe(true);
  });

  it('that its source would fetch again is not removed, and not fetched for it either', async () => {
    let fetches = 0;
    const serving = await start({
      versions: [1, 2],
      irremovable: 'zoo keeps it current; unfollow the model first',
      fetch: () => {
        fetches += 1;
        return Promise.reject(new Error('no network'));
      },
    });
    const before = fetches;
    await expect(serving.registry.operations.remove('mini', 1, 'admin')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: "mini@1 can't be removed: zoo keeps it current; unfollow the model first.",
    });
    expect(fetches).toBe(before);
    expect(serving.registry.operations.model('mini').versions.at(-1)).toMatchObject({ version: 1, removable: false });
  });

  it('are served by the policy that an operator sets', async () => {
    const serving = await start({ versions: [1, 2, 3] });
    const { operations } = serving.registry;
    await operations.setPolicy('mini', { kind: 'specific', versions: [1, 3] }, 'admin');
    await written(serving);
    expect(available(serving)).toEqual([1, 3]);
    await operations.setPolicy('mini', { kind: 'latest', count: 2 }, 'admin');
    await written(serving);
    expect(available(serving)).toEqual([2, 3]);
  });
});

describe('a restart', () => {
  it('finds labels, policy, canary, rollback and journal as they were', async () => {
    const data = fresh();
    const first = await start({ data, versions: [1, 2, 3], environment: ALL });
    const { operations } = first.registry;
    await operations.promote('mini', 1, 'admin');
    await operations.promote('mini', 2, 'admin');
    await operations.setLabel('mini', 'beta', 1, 'admin');
    await operations.setCanary('mini', { version: 3, share: 0.25 }, 'admin');
    await written(first);
    const before = { ...operations.model('mini'), versions: [] };
    const journal = operations.journal(100);
    await first.registry.close();
    const second = await start({ data, versions: [1, 2, 3], environment: ALL });
    expect({ ...second.registry.operations.model('mini'), versions: [] }).toEqual(before);
    expect(second.registry.operations.journal(100)).toEqual(expect.arrayContaining([...journal]));
  });

  it('answers by no version above the pinned one while that is still loading', async () => {
    const data = fresh();
    const first = await start({ data, versions: [1] });
    first.publish(1, 2);
    await written(first);
    await first.registry.operations.rollback('mini', 'admin');
    await first.registry.close();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const second = await start({ data, versions: [1, 2], scripts: { 1: { gate } } });
    expect(available(second)).toEqual([2]);
    expect(() => second.registry.acquire('mini')).toThrowError(expect.objectContaining({ code: 'MODEL_NOT_READY' }));
    expect(second.registry.ready).toBe(false);
    open();
    await written(second);
    expect([served(second), second.registry.ready]).toEqual([1, true]);
  });
});

it('a model that comes later and never loads does not make a gateway unready that serves others', async () => {
  const serving = await start();
  expect(serving.registry.ready).toBe(true);
  const [mini] = serving.source.snapshot.aspired;
  if (!mini) throw new Error('The source has mini.');
  const fetch = () => Promise.reject(new Error('gone'));
  serving.source.has([mini, { ...mini, name: 'other', fetch }]);
  await settle();
  expect(serving.registry.list().map(({ name }) => name)).toEqual(['mini', 'other']);
  expect(serving.registry.ready).toBe(true);
});
