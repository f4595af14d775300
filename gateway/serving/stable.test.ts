import { describe, expect, it } from 'vitest';
import { settle } from '../../test/doubles/fake-clock.ts';
import { actions, available, labels, served, startOperated, written } from '../../test/support/operated.ts';
import type { ServingOptions, ServingUnderTest } from '../../test/support/serving.ts';
import { temporaryFolders } from '../../test/support/temporary.ts';

const fresh = temporaryFolders();
const start = (options: ServingOptions = {}) => startOperated({ ...options, data: options.data ?? fresh() });

const ALL = { TWINLENS_VERSIONS: 'all' };
const conflict = expect.objectContaining({ code: 'CONFLICT' });

describe('stable', () => {
  it('follows a newer version by itself, remembers where it was, and tells subscribers', async () => {
    const serving = await start({ versions: [1] });
    serving.publish(1, 2);
    await written(serving);
    expect(served(serving)).toBe(2);
    expect(available(serving)).toEqual([2]);
    expect(serving.registry.operations.model('mini')).toMatchObject({ stable: 'newest', rollbackTo: 1 });
    expect(serving.events.map(({ event, version }) => `${event} ${version}`).slice(2)).toEqual([
      'available 2',
      'label 2',
      'retired 1',
    ]);
    expect(actions(serving)).toEqual(expect.arrayContaining(['models version-found 2', 'gateway stable 2']));
  });

  it('goes back with one call, also when the version before is not loaded any more, and stays there', async () => {
    const serving = await start({ versions: [1] });
    serving.publish(1, 2);
    await written(serving);
    await serving.registry.operations.rollback('mini', 'admin');
    expect([served(serving), labels(serving)]).toEqual([1, { stable: 1 }]);
    expect(serving.events.at(-1)).toMatchObject({ event: 'label', label: 'stable', version: 1 });
    serving.publish(1, 2, 3);
    await written(serving);
    expect(served(serving)).toBe(1);
    expect(available(serving)).toEqual([1, 3]);
    await expect(serving.registry.operations.rollback('mini', 'admin')).rejects.toEqual(conflict);
    await serving.registry.operations.followNewest('mini', 'admin');
    expect(served(serving)).toBe(3);
    await written(serving);
    expect(serving.registry.operations.model('mini')).toMatchObject({ stable: 'newest', rollbackTo: 1 });
  });

  it('promoted twice, goes back twice', async () => {
    const serving = await start({ versions: [1, 2, 3], environment: ALL });
    const { operations } = serving.registry;
    for (const version of [1, 3, 2]) await operations.promote('mini', version, 'admin');
    await operations.rollback('mini', 'admin');
    expect(served(serving)).toBe(3);
    await operations.rollback('mini', 'admin');
    expect(served(serving)).toBe(1);
    await operations.promote('mini', 2, 'admin');
    expect(operations.model('mini')).toMatchObject({ rollbackTo: 1, labels: { stable: 2 } });
  });

  it('held, stays when a newer version comes', async () => {
    const serving = await start({ versions: [1] });
    await serving.registry.operations.hold('mini', 'admin');
    serving.publish(1, 2);
    await written(serving);
    expect([served(serving), available(serving)]).toEqual([1, [1, 2]]);
  });

  it('moves only after the version that it moves to is available; until then the old one answers', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const serving = await start({ versions: [1, 2], scripts: { 1: { gate } } });
    const promoted = serving.registry.operations.promote('mini', 1, 'admin');
    await settle();
    expect(served(serving)).toBe(2);
    open();
    await promoted;
    expect(served(serving)).toBe(1);
  });

  it('does not move to a version that fails: its reason is told and nothing has changed', async () => {
    const serving = await start({ versions: [1, 2], scripts: { 1: { broken: 'The goldens are not met.' } } });
    const before = serving.registry.operations.model('mini');
    await expect(serving.registry.operations.promote('mini', 1, 'admin')).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: 'The goldens are not met.',
    });
    await written(serving);
    expect(serving.registry.operations.model('mini')).toMatchObject({ labels: before.labels, stable: 'newest' });
    expect(available(serving)).toEqual([2]);
    expect(actions(serving).filter((action) => action.startsWith('admin'))).toEqual([]);
  });

  it('gives up on a version that does not load in time', async () => {
    const never = new Promise<void>(() => undefined);
    const serving = await start({ versions: [1, 2], scripts: { 1: { gate: never } } });
    const promoted = serving.registry.operations.promote('mini', 1, 'admin');
    const refused = expect(promoted).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await serving.clock.advance(180_000);
    await refused;
    expect(served(serving)).toBe(2);
  });

  it('a second change of the same model meanwhile is a conflict', async () => {
    const serving = await start({ versions: [1, 2] });
    const { operations } = serving.registry;
    const first = operations.promote('mini', 1, 'admin');
    await expect(operations.rollback('mini', 'admin')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('promoting 1'),
    });
    await first;
    await operations.hold('mini', 'admin');
  });
});

describe('where memory counts more than answering at any time', () => {
  const environment = { TWINLENS_SWAP: 'resource' };

  /** Most versions that were loaded at once. */
  function most(serving: ServingUnderTest): () => number {
    const counts: number[] = [];
    const count = () => counts.push(serving.registry.pids.length);
    serving.registry.subscribe(count);
    return () => Math.max(count() && 0, ...counts);
  }

  it('the old version is unloaded before the promoted one is loaded, and requests are refused meanwhile', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const serving = await start({ versions: [1, 2], environment, scripts: { 1: { gate } } });
    const { operations } = serving.registry;
    const loaded = most(serving);
    const handle = serving.registry.acquire('mini');
    const promoted = operations.promote('mini', 1, 'admin');
    await settle();
    expect(
      operations.model('mini').versions.map(({ state }) => state),
      'it ends with its last request',
    ).toEqual(['unloading', 'loading']);
    expect(serving.registry.pids.length, 'nothing is loaded beside it').toBe(1);
    handle.release();
    await settle();
    expect(serving.registry.pids.length).toBe(0);
    expect(() => serving.registry.acquire('mini')).toThrowError(
      expect.objectContaining({ code: 'MODEL_NOT_READY', retryable: true }),
    );
    open();
    await promoted;
    await written(serving);
    expect([served(serving), available(serving), operations.model('mini').rollbackTo]).toEqual([1, [1], 2]);
    await operations.rollback('mini', 'admin');
    await written(serving);
    expect([served(serving), available(serving), loaded()]).toEqual([2, [2], 1]);
  });

  it('a newer version waits on the disk while stable is held, and an own label moves as stable does', async () => {
    const serving = await start({ versions: [1], environment });
    const { operations } = serving.registry;
    await operations.hold('mini', 'admin');
    serving.publish(1, 2, 3);
    await written(serving);
    expect([served(serving), available(serving)]).toEqual([1, [1]]);
    await operations.setLabel('mini', 'beta', 2, 'admin');
    const loaded = most(serving);
    await operations.setLabel('mini', 'beta', 3, 'admin');
    await written(serving);
    expect([available(serving), loaded()]).toEqual([[1, 3], 2]);
  });

  it('a promoted version that fails brings the old one back', async () => {
    const serving = await start({ versions: [1, 2], environment, scripts: { 1: { broken: 'No.' } } });
    await expect(serving.registry.operations.promote('mini', 1, 'admin')).rejects.toMatchObject({ message: 'No.' });
    await written(serving);
    expect([served(serving), available(serving)]).toEqual([2, [2]]);
    expect(serving.registry.operations.model('mini')).toMatchObject({ stable: 'newest' });
  });
});
