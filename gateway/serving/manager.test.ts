import { describe, expect, test } from 'vitest';
import type { TwinlensError } from '../../core/errors.ts';
import { FakeClock, settle } from '../../test/doubles/fake-clock.ts';
import { FakeLoadable } from '../../test/doubles/fake-loadable.ts';
import { FakePackage } from '../../test/doubles/fake-package.ts';
import type { LifecycleEvent } from './lifecycle.ts';
import { ModelManager } from './manager.ts';

/** A manager whose versions do what the test says, with everything that came of it. */
function start(swap: 'availability' | 'resource' = 'availability') {
  const clock = new FakeClock();
  const made: FakeLoadable[] = [];
  const events: LifecycleEvent[] = [];
  const ignored: string[] = [];
  const manager = new ModelManager({
    swap,
    clock,
    random: () => 0,
    make: (found) => {
      const one = new FakeLoadable(found);
      made.push(one);
      return one;
    },
    onIgnored: ({ fingerprint }) => ignored.push(fingerprint),
  });
  manager.subscribe((event) => events.push(event));
  const fetched = async (one: FakePackage) => {
    await settle();
    one.fetches.at(-1)?.succeed();
    await settle();
  };
  const loaded = async (one: FakePackage) => {
    await fetched(one);
    made.at(-1)?.succeed();
    await settle();
  };
  const states = () => manager.statuses('m').map(({ version, state }) => `${version} ${state}`);
  return { manager, clock, made, events, ignored, fetched, loaded, states };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'OK',
    (error: TwinlensError) => error.code,
  );
const pack = (version: number, fingerprint = 'a', name = 'm') => new FakePackage(name, version, fingerprint);
const serve = (...versions: number[]) => ({ wanted: new Set(versions), forced: new Set<number>() });

test('a version goes through its stages, and shows how far it is and what it holds', async () => {
  const { manager, clock, made, events, fetched } = start();
  const v1 = pack(1);
  manager.offer([v1]);
  v1.fetches[0]?.progress(30);
  expect(manager.statuses('m')).toMatchObject([
    { state: 'loading', stage: 'fetch', progress: { loadedBytes: 30, totalBytes: 100 }, folder: undefined },
  ]);
  await fetched(v1);
  expect(manager.statuses('m')).toMatchObject([{ stage: 'verify', progress: undefined, folder: 'packages/a' }]);
  made[0]?.reach('warm-up');
  expect(manager.statuses('m')).toMatchObject([{ stage: 'warm-up', instances: 1, alive: false }]);
  expect([manager.available('m'), manager.acquire('m', 1)]).toEqual([[], undefined]);
  await clock.advance(700);
  made[0]?.succeed([5_000_000]);
  await settle();
  expect(manager.statuses('m')).toMatchObject([
    { state: 'available', stage: undefined, provider: 'cpu', alive: true, memoryBytes: [5_000_000], loadMs: 700 },
  ]);
  expect(events.at(-1)).toEqual({ kind: 'available', name: 'm', version: 1 });
  expect([manager.acquire('m', 1)?.version, made[0]?.handles]).toEqual([1, 1]);
});

describe('a new version', () => {
  test('takes over when it can answer, and the old one ends with its last request', async () => {
    const { manager, made, loaded, states } = start();
    const [v1, v2] = [pack(1), pack(2)];
    manager.choose((_, known) => serve(...known.slice(-1)));
    manager.offer([v1]);
    await loaded(v1);
    const handle = manager.acquire('m', 1);
    manager.offer([v1, v2]);
    const gone = codeOf(manager.whenGone('m', 1));
    await settle();
    expect(states()).toEqual(['1 available', '2 loading']);
    await loaded(v2);
    expect(states()).toEqual(['1 unloading', '2 available']);
    expect([made[0]?.state, manager.acquire('m', 1)]).toEqual(['retiring', undefined]);
    made[0]?.finish();
    expect(made[0]?.state, 'with an open request').toBe('retiring');
    handle?.release();
    made[0]?.finish();
    expect(await gone).toBe('OK');
    expect([made[0]?.cut, states()]).toEqual([0, ['1 idle', '2 available']]);
  });

  test('waits for the old one to go where memory counts more', async () => {
    const { manager, made, loaded, states } = start('resource');
    const [v1, v2] = [pack(1), pack(2)];
    manager.choose((_, known) => serve(...known.slice(-1)));
    manager.offer([v1]);
    await loaded(v1);
    manager.offer([v1, v2]);
    await settle();
    expect([states(), v2.fetches.length]).toEqual([['1 unloading', '2 idle'], 0]);
    made[0]?.finish();
    await loaded(v2);
    expect(states()).toEqual(['1 idle', '2 available']);
  });

  test('that fails changes nothing that serves, and is tried again after 5 s, 10 s and so on', async () => {
    const { manager, clock, made, events, fetched, loaded, states } = start();
    const [v1, v2] = [pack(1), pack(2)];
    manager.choose((_, known) => serve(...known.slice(-1)));
    manager.offer([v1]);
    await loaded(v1);
    manager.offer([v1, v2]);
    const waits = codeOf(manager.whenAvailable('m', 2));
    await fetched(v2);
    made[1]?.fail('The goldens are not met.');
    expect(await waits).toBe('ENGINE_FAILED');
    expect(states()).toEqual(['1 available', '2 failed']);
    expect(events.at(-1)).toMatchObject({ kind: 'failed', version: 2, error: { message: 'The goldens are not met.' } });
    expect(manager.statuses('m')[1]).toMatchObject({ retryAt: clock.now() + 5000, error: { code: 'ENGINE_FAILED' } });
    expect([made[0]?.state, await codeOf(manager.whenAvailable('m', 2))]).toEqual(['loaded', 'ENGINE_FAILED']);
    await clock.advance(4999);
    expect(v2.fetches).toHaveLength(1);
    await clock.advance(1);
    expect(v2.fetches).toHaveLength(2);
    v2.fetches[1]?.fail();
    await clock.advance(9999);
    expect(v2.fetches).toHaveLength(2);
    await clock.advance(1);
    await loaded(v2);
    expect(states()).toEqual(['1 unloading', '2 available']);
  });
});

describe('a failed version is tried again at once', () => {
  test.each([
    ['when an operator says so', (manager: ModelManager) => manager.retry('m', 1)],
    ['when its content changed', (manager: ModelManager) => manager.offer([pack(1, 'b')])],
  ] as const)('%s', async (_, change) => {
    const { manager, states } = start();
    const v1 = pack(1);
    manager.offer([v1]);
    v1.fetches[0]?.fail();
    await settle();
    expect(states()).toEqual(['1 failed']);
    manager.offer([v1]);
    expect(states(), 'the same again').toEqual(['1 failed']);
    change(manager);
    expect(states()).toEqual(['1 loading']);
  });
});

describe('a load is given up', () => {
  test('while it fetches, when the version is not wanted any more', async () => {
    const { manager, events, states } = start();
    const v1 = pack(1);
    manager.offer([v1]);
    const waits = codeOf(manager.whenAvailable('m', 1));
    manager.choose(() => serve());
    expect([await waits, v1.fetches[0]?.options.signal.aborted]).toEqual(['MODEL_NOT_FOUND', true]);
    await settle();
    expect([states(), events.some(({ kind }) => kind === 'failed')]).toEqual([['1 idle'], false]);
  });

  test('while it loads, when no source has it any more: nothing of it stays', async () => {
    const { manager, made, fetched } = start();
    const v1 = pack(1);
    manager.offer([v1]);
    await fetched(v1);
    manager.offer([]);
    await settle();
    expect([made[0]?.state, manager.names, manager.statuses('m')]).toEqual(['ended', [], []]);
  });

  test('and begun anew when the content changed meanwhile', async () => {
    const { manager, made, loaded } = start();
    const [old, changed] = [pack(1, 'a'), pack(1, 'b')];
    manager.offer([old]);
    await settle();
    manager.offer([changed]);
    await loaded(changed);
    expect([made.length, manager.statuses('m')[0]?.folder]).toEqual([1, 'packages/b']);
  });

  test('in the end also by a source that takes no notice', async () => {
    const { manager, clock, states } = start();
    const v1 = pack(1);
    v1.stubborn = true;
    manager.offer([v1]);
    manager.choose(() => serve());
    await clock.advance(4999);
    expect(states()).toEqual(['1 loading']);
    await clock.advance(1);
    expect(states()).toEqual(['1 idle']);
  });
});

test('a fetch that makes no progress for ten minutes fails, one that does goes on', async () => {
  const { manager, clock } = start();
  const v1 = pack(1);
  manager.offer([v1]);
  await clock.advance(599_000);
  v1.fetches[0]?.progress(1);
  await clock.advance(599_000);
  expect(manager.statuses('m')[0]?.state).toBe('loading');
  await clock.advance(1000);
  expect(manager.statuses('m')[0]).toMatchObject({ state: 'failed', error: { code: 'UNAVAILABLE' } });
});

test('a package of another version than was promised is refused', async () => {
  const { manager, made } = start();
  const v1 = pack(1);
  manager.offer([v1]);
  await settle();
  v1.fetches[0]?.succeed(pack(7).manifest);
  await settle();
  expect([made.length, manager.statuses('m')[0]?.error?.message]).toEqual([
    0,
    'The package of m@1 says that it is m@7.',
  ]);
});

test('a version that serves is not loaded again when its source changes it', async () => {
  const { manager, ignored, loaded, states } = start();
  const [v1, changed] = [pack(1), pack(1, 'b')];
  manager.offer([v1]);
  await loaded(v1);
  manager.offer([changed]);
  manager.offer([changed]);
  await settle();
  expect([states(), ignored, changed.fetches.length]).toEqual([['1 available'], ['b'], 0]);
  expect(manager.statuses('m')[0]?.folder).toBe('packages/a');
});

test('the last version is unloaded only when an operator says so, or when nothing of the model is wanted', async () => {
  const { manager, made, loaded, states } = start();
  const [v1, v2] = [pack(1), pack(2)];
  manager.choose(() => serve(1));
  manager.offer([v1, v2]);
  await loaded(v1);
  manager.choose(() => serve(2));
  v2.fetches[0]?.fail();
  await settle();
  expect(states()).toEqual(['1 available', '2 failed']);
  manager.choose(() => ({ wanted: new Set([2]), forced: new Set([1]) }));
  expect(states()).toEqual(['1 unloading', '2 failed']);
  made[0]?.finish();
  await settle();
  expect(states()).toEqual(['1 idle', '2 failed']);
});

test('no more than two models load at once', async () => {
  const { manager, loaded } = start();
  const all = ['m', 'n', 'o'].map((name) => pack(1, 'a', name));
  manager.offer(all);
  await settle();
  const begun = () => all.map(({ fetches }) => fetches.length);
  expect(begun()).toEqual([1, 1, 0]);
  const [first] = all;
  if (first) await loaded(first);
  expect(begun()).toEqual([1, 1, 1]);
});

test('of two sources that have the same version the first counts', async () => {
  const { manager } = start();
  const [mine, theirs] = [pack(1, 'a'), pack(1, 'b')];
  manager.offer([mine, theirs]);
  await settle();
  expect([mine.fetches.length, theirs.fetches.length, manager.statuses('m').length]).toEqual([1, 0, 1]);
});

test('who waits and leaves is told CANCELLED, and who waits when the gateway stops DRAINING', async () => {
  const { manager, clock } = start();
  const v1 = pack(1);
  manager.offer([v1]);
  const caller = new AbortController();
  const leaves = codeOf(manager.whenAvailable('m', 1, caller.signal));
  const stays = codeOf(manager.whenAvailable('m', 1));
  const unknown = codeOf(manager.whenAvailable('m', 9));
  caller.abort();
  expect([await leaves, await unknown, await codeOf(manager.whenGone('m', 9))]).toEqual([
    'CANCELLED',
    'MODEL_NOT_FOUND',
    'OK',
  ]);
  await manager.close();
  expect([await stays, await codeOf(manager.whenGone('m', 1)), clock.pending]).toEqual(['DRAINING', 'DRAINING', 0]);
});

test('closing ends everything: what serves, what loads and what drains', async () => {
  const { manager, made, loaded, fetched } = start();
  const [v1, v2, n1] = [pack(1), pack(2), pack(1, 'a', 'n')];
  manager.choose((_, known) => serve(...known.slice(-1)));
  manager.offer([v1]);
  await loaded(v1);
  manager.acquire('m', 1);
  manager.offer([v1, v2]);
  await loaded(v2);
  manager.offer([v1, v2, n1]);
  await fetched(n1);
  expect(made.map(({ state }) => state)).toEqual(['retiring', 'loaded', 'loading']);
  await manager.close();
  expect(made.map(({ state }) => state)).toEqual(['ended', 'ended', 'ended']);
  expect(manager.acquire('m', 2)).toBeUndefined();
});
