import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { EngineEvent, EngineStatus, LoadedModel, LoadOptions } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import { type Manifest, parseManifest } from '../../core/manifest.ts';
import { settle } from '../../test/doubles/fake-clock.ts';
import type { DeviceCapabilities } from '../../workers/engine.ts';
import { DeviceModel, type ModelEngine } from './model.ts';

const manifest: Manifest = parseManifest(
  JSON.parse(readFileSync(new URL('../../models/efficientnet-lite0/model.json', import.meta.url), 'utf8')),
);
const loaded: LoadedModel = {
  name: manifest.name,
  version: 1,
  variant: 'w16',
  title: manifest.title,
  provider: 'wasm',
  classes: 1000,
  notSureBelow: 0.3,
};
const capable: DeviceCapabilities = {
  wasm: { available: true, threads: 1, reason: '' },
  webgpu: { available: false, fallbackAdapter: false, reason: 'No adapter.' },
  crossOriginIsolated: true,
  storage: { usage: 0, quota: 0, kind: 'opfs' },
};

/** The worker's proxy, with the load in the test's hands. */
class HandEngine implements ModelEngine {
  status: EngineStatus = { state: 'empty' };
  able: DeviceCapabilities = capable;
  readonly described: string[] = [];
  readonly loads: { readonly options: LoadOptions; readonly done: () => void; readonly fail: (e: Error) => void }[] =
    [];
  #listener: (event: EngineEvent) => void = () => undefined;

  async describe(spec: string) {
    this.described.push(spec);
    return manifest;
  }
  async capabilities() {
    return this.able;
  }
  readonly updated: string[] = [];
  async update(spec: string) {
    this.updated.push(spec);
    return { model: { ...loaded, version: 2 }, manifest: { ...manifest, version: 2 } };
  }
  load(_: string, options: LoadOptions = {}): Promise<LoadedModel> {
    return new Promise((resolve, reject) => {
      this.loads.push({ options, done: () => resolve(loaded), fail: reject });
    });
  }
  subscribe(listener: (event: EngineEvent) => void) {
    this.#listener = listener;
    return () => undefined;
  }
  tell(status: EngineStatus) {
    this.status = status;
    this.#listener({ type: 'status', status });
  }
}

function setUp(remembered: { model: string | undefined } = { model: undefined }) {
  const engine = new HandEngine();
  let gateway: () => Promise<string> = async () => manifest.name;
  const model = new DeviceModel({ engine, findName: () => gateway(), remembered });
  const offline = () => {
    gateway = () => Promise.reject(new TypeError('fetch failed'));
  };
  const online = () => {
    gateway = async () => manifest.name;
  };
  return { engine, model, offline, online, remembered, state: () => model.view.get().model };
}

test('in only-gateway mode the manifest may be read, but nothing is loaded', async () => {
  const { engine, model, state } = setUp();
  model.setMode('only-gateway');
  await model.describe();
  await settle();
  expect(engine.loads).toHaveLength(0);
  expect(state()).toEqual({ state: 'unwanted' });
  expect(model.condition.state).toBe('unavailable');
});

test.each(['prefer-device', 'only-device', 'prefer-gateway'] as const)(
  'mode %s loads the default model',
  async (mode) => {
    const { engine, model, state, remembered } = setUp();
    model.setMode(mode);
    await settle();
    engine.loads[0]?.done();
    await settle();
    expect(state()).toEqual({ state: 'ready', model: loaded });
    expect(remembered.model).toBe(manifest.name);
  },
);

test('changing to only-gateway while loading stops the load; changing back loads again', async () => {
  const { engine, model, state } = setUp();
  model.setMode('prefer-device');
  await settle();
  model.setMode('only-gateway');
  expect(engine.loads[0]?.options.signal?.aborted).toBe(true);
  expect(state().state).toBe('unwanted');
  engine.loads[0]?.done();
  await settle();
  expect(state().state).toBe('unwanted');
  model.setMode('prefer-device');
  await settle();
  expect(engine.loads).toHaveLength(2);
});

test('progress is shown as the engine tells it', async () => {
  const { engine, model, state } = setUp();
  model.setMode('prefer-device');
  await settle();
  const progress = { phase: 'download', loadedBytes: 4, totalBytes: 9, fromStore: false } as const;
  engine.tell({ state: 'loading', spec: manifest.name, progress });
  expect(state()).toEqual({ state: 'loading', progress });
});

test('a cancelled load can be started again', async () => {
  const { engine, model, state } = setUp();
  model.setMode('prefer-device');
  await settle();
  model.cancel();
  engine.loads[0]?.fail(new TwinlensError('CANCELLED', 'cancelled'));
  await settle();
  expect(state()).toEqual({ state: 'cancelled' });
  model.retry();
  await settle();
  engine.loads[1]?.done();
  await settle();
  expect(state().state).toBe('ready');
});

test('a browser that can run nothing says why and loads nothing', async () => {
  const { engine, model, state } = setUp();
  engine.able = { ...capable, wasm: { available: false, threads: 0, reason: 'No SIMD.' } };
  model.setMode('prefer-device');
  await settle();
  expect(state()).toEqual({ state: 'impossible', reason: 'No SIMD.' });
  expect(engine.loads).toHaveLength(0);
});

test('offline, the model of an earlier visit is loaded by its name', async () => {
  const { engine, model, offline } = setUp({ model: 'from-before' });
  offline();
  model.setMode('prefer-device');
  await settle();
  expect(engine.described).toEqual(['from-before']);
  expect(engine.loads).toHaveLength(1);
});

test('offline at the first visit the failure says what to do, and the network coming back loads', async () => {
  const { engine, model, offline, online, state } = setUp();
  offline();
  model.setMode('prefer-device');
  await settle();
  expect(state()).toMatchObject({ state: 'failed', error: { code: 'UNAVAILABLE' } });
  online();
  model.networkBack();
  await settle();
  engine.loads[0]?.done();
  await settle();
  expect(state().state).toBe('ready');
});

test('an engine that reloads by itself is followed, and one that fails for good is shown', async () => {
  const { engine, model } = setUp();
  model.setMode('prefer-device');
  await settle();
  engine.loads[0]?.done();
  await settle();
  const progress = { phase: 'compile', loadedBytes: 0, totalBytes: 0, fromStore: true } as const;
  engine.tell({ state: 'loading', spec: manifest.name, progress });
  expect(model.condition).toEqual({ state: 'loading' });
  engine.tell({ state: 'ready', model: loaded });
  expect(model.condition).toEqual({ state: 'ready' });
  engine.tell({
    state: 'failed',
    spec: manifest.name,
    error: { code: 'ENGINE_FAILED', message: 'Gone.', retryable: true },
  });
  expect(model.condition).toEqual({ state: 'failed', reason: 'Gone.' });
});

test('after an update pictures are prepared for the new version, and its name is remembered', async () => {
  const { engine, model, remembered } = setUp();
  model.setMode('prefer-device');
  await settle();
  engine.loads[0]?.done();
  await settle();
  expect(model.serving).toMatchObject({ name: manifest.name, version: 1 });
  remembered.model = undefined;
  await model.update({ name: manifest.name, version: 2 }, {});
  expect(engine.updated).toEqual([`${manifest.name}@2`]);
  expect(model.view.get().manifest?.version).toBe(2);
  expect((await model.describe()).version).toBe(2);
  expect(remembered.model).toBe(manifest.name);
});
