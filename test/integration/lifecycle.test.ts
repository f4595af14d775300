/** The lifecycle of versions with real processes: taking over, failing, crashing and leaving nothing behind. */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { Manifest } from '../../core/manifest.ts';
import { usualSplit } from '../../gateway/instances/index.ts';
import type { LifecycleEvent } from '../../gateway/serving/lifecycle.ts';
import { ModelManager } from '../../gateway/serving/manager.ts';
import { ServingVersion } from '../../gateway/serving/version.ts';
import type { Aspired } from '../../gateway/sources/index.ts';
import { builtIn, goldenImage } from '../contract/inference-engine.ts';
import { lives } from '../support/processes.ts';
import { platformClock } from '../support/registry.ts';
import { runtime } from '../support/runtime.ts';

const TIMEOUT_MS = 120_000;
const { name } = builtIn;
const scratch = mkdtempSync(join(tmpdir(), 'twinlens-lifecycle-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The built-in package as another version, in a folder of its own. */
function version(number: number, change: (manifest: Manifest) => void = () => undefined): Aspired {
  const folder = join(scratch, `v${number}`);
  rmSync(folder, { recursive: true, force: true });
  cpSync(new URL('../../models/efficientnet-lite0', import.meta.url), folder, { recursive: true });
  const manifest = { ...structuredClone(builtIn), version: number };
  change(manifest);
  writeFileSync(join(folder, 'model.json'), JSON.stringify(manifest));
  return {
    name,
    version: number,
    source: 'test',
    fingerprint: folder,
    manifest,
    irremovable: 'it is a test',
    fetch: () => Promise.resolve({ folder, manifest }),
  };
}

const opened: ModelManager[] = [];
afterEach(async () => {
  for (const manager of opened.splice(0)) await manager.close();
});

/** A manager with real instances that serves the newest version that it is offered. */
function start(instances = 1) {
  const made: WeakRef<ServingVersion>[] = [];
  const finished: string[] = [];
  const manager = new ModelManager({
    swap: 'availability',
    clock: platformClock,
    random: Math.random,
    make: ({ folder, manifest }) => {
      const one = new ServingVersion({
        folder,
        manifest,
        providers: ['cpu'],
        wantedProvider: undefined,
        split: usualSplit(instances, 1),
        gpuInstances: instances,
        compare: async ({ champion, split }) => ({ winner: champion, split, compared: [] }),
        runtime,
        maxPixels: 4_000_000,
        queueMax: 256,
        queueMs: 250,
        batchMax: 2,
        batchWaitMs: 0,
        clock: platformClock,
        observer: {
          requestFinished: ({ version: number, code }) => finished.push(`${number} ${code}`),
          batchRan: () => undefined,
          queueChanged: () => undefined,
          instanceExited: () => undefined,
        },
        onNote: () => undefined,
      });
      made.push(new WeakRef(one));
      return one;
    },
  });
  manager.choose((_, known) => ({ wanted: new Set(known.slice(-1)), forced: new Set() }));
  opened.push(manager);
  return { manager, made, finished };
}

const classify = async (manager: ModelManager, at: number): Promise<number> => {
  const newest = manager.available(name).at(-1) ?? 0;
  const handle = manager.acquire(name, newest);
  if (!handle) throw new Error('no version of the model can answer');
  const request = {
    image: goldenImage(at),
    top: 1,
    deadline: platformClock.now() + TIMEOUT_MS,
    priority: 'normal' as const,
    client: `client-${at}`,
  };
  const { predictions } = await handle.classify(request).finally(() => handle.release());
  expect(predictions[0]?.index).toBe(builtIn.goldens[at]?.top[0]?.index);
  return handle.version;
};

/** Resolves with the first event that `wanted` takes. */
const next = (manager: ModelManager, wanted: (event: LifecycleEvent) => boolean) =>
  new Promise<LifecycleEvent>((resolve) => {
    const stop = manager.subscribe((event) => {
      if (!wanted(event)) return;
      stop();
      resolve(event);
    });
  });

test('a new version takes over under a stream of requests: none fails, and nothing of the old one runs on', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { manager, finished } = start(2);
  const [v1, v2] = [version(1), version(2)];
  manager.offer([v1]);
  await manager.whenAvailable(name, 1);
  const old = manager.pids;
  expect([old.length, manager.statuses(name)[0]?.instances]).toEqual([2, 2]);
  expect(manager.statuses(name)[0]?.memoryBytes.map((bytes) => bytes > 20e6)).toEqual([true, true]);
  let swapped = false;
  const client = async (at: number) => {
    const versions: number[] = [];
    while (!swapped || versions.at(-1) !== 2) versions.push(await classify(manager, at));
    return versions;
  };
  const clients = [0, 1, 2].map(client);
  manager.offer([v1, v2]);
  await manager.whenGone(name, 1);
  swapped = true;
  for (const versions of await Promise.all(clients)) {
    expect(versions[0]).toBe(1);
    expect(versions, 'never back to the old one').toEqual([...versions].sort());
  }
  expect(finished.filter((ending) => !ending.endsWith(' OK'))).toEqual([]);
  expect(old.filter(lives)).toEqual([]);
  expect([manager.available(name), manager.pids.length]).toEqual([[2], 2]);
});

test('a new version whose goldens fail changes nothing that serves and leaves no process', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { manager } = start();
  const v1 = version(1);
  const wrong = version(2, (manifest) => {
    manifest.goldens = manifest.goldens.map((golden) => ({
      ...golden,
      top: golden.top.map(({ index }) => ({ index, score: 0.5 })),
    }));
  });
  manager.offer([v1]);
  await manager.whenAvailable(name, 1);
  const { pids } = manager;
  manager.offer([v1, wrong]);
  await expect(manager.whenAvailable(name, 2)).rejects.toThrow(/not right on cpu/);
  expect([manager.available(name), manager.pids]).toEqual([[1], pids]);
  expect(await classify(manager, 0)).toBe(1);
  expect(manager.statuses(name)[1]).toMatchObject({ state: 'failed', instances: 0, retryAt: expect.any(Number) });
});

test('a version that crashes its instance while it loads fails with that reason, and loads when it is tried again', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { manager } = start();
  const v1 = version(1);
  manager.offer([v1]);
  await manager.whenAvailable(name, 1);
  const { pids } = manager;
  const loading = next(manager, () => manager.statuses(name)[1]?.stage === 'load');
  manager.offer([v1, version(2)]);
  await loading;
  const victim = manager.pids.find((pid) => !pids.includes(pid));
  if (victim === undefined) throw new Error('no instance loads');
  process.kill(victim, 'SIGKILL');
  await expect(manager.whenAvailable(name, 2)).rejects.toThrow(/ended by SIGKILL while it loaded the model/);
  expect([manager.available(name), manager.pids]).toEqual([[1], pids]);
  expect(await classify(manager, 1)).toBe(1);
  manager.retry(name, 2);
  await manager.whenAvailable(name, 2);
  await manager.whenGone(name, 1);
  expect([await classify(manager, 1), pids.filter(lives)]).toEqual([2, []]);
});

test('a load that is not wanted any more ends at once, with its process', { timeout: TIMEOUT_MS }, async () => {
  const { manager } = start();
  const loading = next(manager, () => manager.statuses(name)[0]?.stage === 'load');
  manager.offer([version(1)]);
  await loading;
  const { pids } = manager;
  expect(pids).toHaveLength(1);
  const gone = manager.whenGone(name, 1);
  manager.offer([]);
  await gone;
  expect([manager.names, pids.filter(lives)]).toEqual([[], []]);
});

test('nothing in the gateway holds on to a retired version', { timeout: TIMEOUT_MS }, async () => {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('this Node.js has no garbage collector to call');
  const { manager, made } = start();
  const [v1, v2] = [version(1), version(2)];
  manager.offer([v1]);
  await manager.whenAvailable(name, 1);
  await classify(manager, 0);
  manager.offer([v1, v2]);
  await manager.whenGone(name, 1);
  for (let turn = 0; turn < 100 && made[0]?.deref(); turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  expect([made[0]?.deref(), made[1]?.deref() !== undefined]).toEqual([undefined, true]);
});
