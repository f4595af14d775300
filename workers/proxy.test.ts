import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { EngineEvent, LoadedModel } from '../core/engine.ts';
import { TwinlensError } from '../core/errors.ts';
import { ScriptedPlatform } from '../test/doubles/scripted-worker.ts';
import { classification } from '../test/support/classification.ts';
import { WorkerProxy } from './proxy.ts';

const RUN_MS = 1_000;
const LOAD_MS = 4_000;

const builtIn: unknown = JSON.parse(
  readFileSync(new URL('../models/efficientnet-lite0/model.json', import.meta.url), 'utf8'),
);
const model: LoadedModel = {
  name: 'm',
  version: 3,
  variant: 'w16',
  title: 'M',
  provider: 'wasm',
  classes: 10,
  notSureBelow: 0,
};
const given = classification({ model: 'm', version: 3, provider: 'wasm' });
const image = { encoding: 'rgb8', width: 1, height: 1, data: new Uint8Array(3) } as const;

function setup(backend: 'auto' | 'webgpu' = 'auto') {
  const platform = new ScriptedPlatform();
  const { workers, timers } = platform;
  const engine = new WorkerProxy({ gatewayUrl: '', runTimeoutMs: RUN_MS, loadTimeoutMs: LOAD_MS, backend }, platform);
  const events: EngineEvent[] = [];
  engine.subscribe((event) => events.push(event));
  return {
    engine,
    workers,
    events,
    timers,
    notices: () => events.flatMap((event) => (event.type === 'notice' ? [event.code] : [])),
    worker: () => platform.worker,
    pass: (ms: number) => platform.pass(ms),
    load: async () => {
      const loading = engine.load('m');
      const worker = workers.at(-1);
      worker?.say({ kind: 'hello' });
      worker?.say({ kind: 'event', event: { type: 'status', status: { state: 'ready', model } } });
      worker?.answer('load', model);
      await loading;
    },
  };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'answered',
    (error: unknown) => (error instanceof TwinlensError ? error.code : String(error)),
  );
/** Lets promises that are settled already call those who wait for them. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test('no worker is spawned before the first call; then it is told where the gateway is', async () => {
  const { engine, workers, worker } = setup();
  expect(workers).toHaveLength(0);
  const loading = engine.load('m');
  expect(worker().heard[0]).toEqual({ kind: 'start', gatewayUrl: 'http://origin.test', backend: 'auto' });
  worker().answer('load', model);
  expect(await loading).toEqual(model);
});

test('a silent worker is replaced, loads the same version again, and gets the waiting call once more', async () => {
  const { engine, workers, worker, pass, load, notices } = setup();
  await load();
  const answer = engine.classify(image);
  pass(RUN_MS);
  expect(workers).toHaveLength(2);
  expect(workers[0]?.terminated).toBe(true);
  expect(notices()).toEqual(['WORKER_RESTARTED']);
  expect(engine.status).toMatchObject({ state: 'loading', spec: 'm@3' });
  expect(worker().heard).toMatchObject([
    { kind: 'start', backend: 'wasm' },
    { kind: 'call', method: 'load', params: { spec: 'm@3' } },
  ]);
  worker().say({ kind: 'event', event: { type: 'status', status: { state: 'ready', model } } });
  worker().answer('load', model);
  await settle();
  worker().answer('classify', given);
  expect((await answer).predictions[0]?.label).toBe('tabby');
});

test('a new worker prepares pictures for the model described last', async () => {
  const { engine, worker, load } = setup();
  await load();
  const described = engine.describe('m@4');
  worker().answer('describe', { ...Object(builtIn), name: 'm', version: 4 });
  await described;
  worker().crash('crash');
  worker().answer('load', model);
  await settle();
  expect(worker().heard.at(-1)).toMatchObject({ method: 'describe', params: { spec: 'm@4' } });
  engine.close();
});

test('a call that went down with two workers is ENGINE_FAILED', async () => {
  const { engine, worker, pass, load } = setup();
  await load();
  const answer = engine.classify(image);
  pass(RUN_MS);
  worker().say({ kind: 'hello' });
  worker().answer('load', model);
  await settle();
  pass(RUN_MS);
  expect(await codeOf(answer)).toBe('ENGINE_FAILED');
});

test('a worker that never comes up is given up after a few replacements', async () => {
  const { engine, workers, worker, load } = setup();
  await load();
  for (let i = 0; i < 10 && engine.status.state !== 'failed'; i += 1) {
    worker().crash('script error');
    await settle();
  }
  expect(engine.status).toMatchObject({ state: 'failed', error: { code: 'ENGINE_FAILED' } });
  expect(workers.length).toBeLessThan(6);
  const again = engine.load('m');
  worker().answer('load', model);
  expect(await codeOf(again)).toBe('answered');
});

test('a load may be silent for longer than a run', async () => {
  const { engine, workers, worker, pass } = setup();
  const loading = engine.load('m');
  worker().say({ kind: 'hello' });
  pass(LOAD_MS - RUN_MS / 2);
  expect(workers).toHaveLength(1);
  worker().answer('load', model);
  await loading;
});

test('a sign of life starts the wait anew', async () => {
  const { engine, workers, worker, pass, load } = setup();
  await load();
  const answers = [engine.classify(image), engine.classify(image)];
  pass(RUN_MS * 0.75);
  worker().answer('classify', given);
  pass(RUN_MS * 0.75);
  expect(workers).toHaveLength(1);
  worker().say({ kind: 'value', id: worker().idOf('classify') - 1, value: given });
  await Promise.all(answers);
});

test('a backend that was asked for stays asked for', async () => {
  const { engine, worker, pass, load } = setup('webgpu');
  await load();
  const answer = codeOf(engine.classify(image));
  pass(RUN_MS);
  expect(worker().heard[0]).toMatchObject({ kind: 'start', backend: 'webgpu' });
  engine.close();
  expect(await answer).toBe('CANCELLED');
});

test('an aborted call is CANCELLED at once and the worker is told; its late answer is passed over', async () => {
  const { engine, worker, load } = setup();
  await load();
  const controller = new AbortController();
  const answer = engine.classify(image, { signal: controller.signal });
  const id = worker().idOf('classify');
  controller.abort();
  expect(await codeOf(answer)).toBe('CANCELLED');
  expect(worker().heard.at(-1)).toEqual({ kind: 'cancel', id });
  worker().answer('classify', given);
});

test('the deadline is kept also when the worker says nothing', async () => {
  const { engine, timers, load } = setup();
  await load();
  const answer = engine.classify(image, { deadlineMs: 50 });
  const [timer] = timers;
  expect(timer?.ms).toBe(50);
  timer?.callback();
  expect(await codeOf(answer)).toBe('DEADLINE_EXCEEDED');
  expect(timers.size).toBe(0);
});

test('a hung worker is noticed although nobody waits for it any more', async () => {
  const { engine, workers, pass, load } = setup();
  await load();
  const controller = new AbortController();
  const answer = codeOf(engine.classify(image, { signal: controller.signal }));
  controller.abort();
  expect(await answer).toBe('CANCELLED');
  pass(RUN_MS);
  expect(workers).toHaveLength(2);
});

test('what the worker says wrongly is no answer: it is replaced', async () => {
  const { engine, workers, worker, load } = setup();
  await load();
  const answer = engine.classify(image);
  worker().answer('classify', { ...given, predictions: 'none' });
  expect(await codeOf(answer)).toBe('INTERNAL');
  worker().say({ kind: 'nonsense' });
  expect(workers).toHaveLength(2);
  engine.close();
});

test('closing rejects what waits, ends the worker, and later calls are CANCELLED', async () => {
  const { engine, worker, load } = setup();
  await load();
  const answer = codeOf(engine.classify(image));
  engine.close();
  expect(await answer).toBe('CANCELLED');
  expect(worker().terminated).toBe(true);
  expect(await codeOf(engine.load('m'))).toBe('CANCELLED');
  expect(engine.status).toEqual({ state: 'empty' });
});
