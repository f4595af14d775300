import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Classification, EngineEvent, LoadedModel, LoadProgress } from '../core/engine.ts';
import { TwinlensError } from '../core/errors.ts';
import { ScriptedPlatform, type ScriptedWorker } from '../test/doubles/scripted-worker.ts';
import { classification } from '../test/support/classification.ts';
import { SwappingEngine } from './swapping-engine.ts';

const builtIn: unknown = JSON.parse(
  readFileSync(new URL('../models/efficientnet-lite0/model.json', import.meta.url), 'utf8'),
);
const manifestOf = (version: number): unknown => ({ ...Object(builtIn), name: 'm', version });
const modelOf = (version: number): LoadedModel => ({
  name: 'm',
  version,
  variant: 'w16',
  title: 'M',
  provider: 'wasm',
  classes: 10,
  notSureBelow: 0,
});
const answerOf = (version: number): Classification =>
  classification({ version, predictions: [{ label: `of ${version}`, index: 1, score: 0.9 }] });
const image = { encoding: 'rgb8', width: 1, height: 1, data: new Uint8Array(3) } as const;

/** Lets promises that are settled already call those who wait for them. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'answered',
    (error: unknown) => (error instanceof TwinlensError ? error.code : String(error)),
  );

function answerLoad(worker: ScriptedWorker, version: number): void {
  worker.say({ kind: 'event', event: { type: 'status', status: { state: 'ready', model: modelOf(version) } } });
  worker.answer('load', modelOf(version));
}

/** The worker of an update does what is asked of it, up to the end. */
async function getReady(worker: ScriptedWorker, version: number): Promise<void> {
  worker.say({ kind: 'hello' });
  worker.answer('describe', manifestOf(version));
  await settle();
  answerLoad(worker, version);
  await settle();
}

async function serving() {
  const platform = new ScriptedPlatform();
  const engine = new SwappingEngine({ gatewayUrl: '', runTimeoutMs: 1_000, loadTimeoutMs: 4_000 }, platform);
  const events: EngineEvent[] = [];
  engine.subscribe((event) => events.push(event));
  const loading = engine.load('m');
  const first = platform.worker;
  first.say({ kind: 'hello' });
  answerLoad(first, 1);
  await loading;
  events.length = 0;
  return { platform, engine, events, first };
}

test('the next version gets ready in a second worker; then that one serves alone', async () => {
  const { platform, engine, first, events } = await serving();
  const update = engine.update('m@2');
  expect(platform.alive).toHaveLength(2);
  const second = platform.worker;
  expect(engine.status).toEqual({ state: 'ready', model: modelOf(1) });
  await getReady(second, 2);
  expect(second.heard).toMatchObject([
    { kind: 'start' },
    { method: 'describe', params: { spec: 'm@2' } },
    { method: 'load', params: { spec: 'm@2' } },
  ]);
  expect(await update).toMatchObject({ model: modelOf(2), manifest: { name: 'm', version: 2 } });
  expect(engine.status).toEqual({ state: 'ready', model: modelOf(2) });
  expect(events).toEqual([{ type: 'status', status: { state: 'ready', model: modelOf(2) } }]);
  expect(platform.alive).toEqual([second]);
  expect(first.terminated).toBe(true);
});

test('progress of an update is told to its caller, and the status stays ready', async () => {
  const { platform, engine, events } = await serving();
  const told: LoadProgress[] = [];
  void engine.update('m@2', { onProgress: (progress) => told.push(progress) });
  const progress = { phase: 'download', loadedBytes: 4, totalBytes: 9, fromStore: false } as const;
  platform.worker.say({
    kind: 'event',
    event: { type: 'status', status: { state: 'loading', spec: 'm@2', progress } },
  });
  expect(told).toEqual([progress]);
  expect(events).toEqual([]);
  expect(engine.status.state).toBe('ready');
});

test('calls under way are answered by the old worker, later ones by the new; the old is ended after its last', async () => {
  const { platform, engine, first } = await serving();
  const before = engine.classify(image);
  void engine.update('m@2');
  const during = engine.classify(image);
  const second = platform.worker;
  await getReady(second, 2);
  const after = engine.classify(image);
  expect(first.terminated).toBe(false);
  second.answer('classify', answerOf(2));
  expect((await after).version).toBe(2);
  const lastOfOld = first.idOf('classify');
  first.say({ kind: 'value', id: lastOfOld - 1, value: answerOf(1) });
  await settle();
  expect(first.terminated).toBe(false);
  first.say({ kind: 'value', id: lastOfOld, value: answerOf(1) });
  expect((await before).version).toBe(1);
  expect((await during).version).toBe(1);
  await settle();
  expect(platform.alive).toEqual([second]);
});

test('an old worker that never answers is ended all the same, and its caller is told', async () => {
  const { platform, engine, first } = await serving();
  const stuck = codeOf(engine.classify(image));
  void engine.update('m@2');
  await getReady(platform.worker, 2);
  const [limit] = platform.timers;
  limit?.callback();
  expect(await stuck).toBe('ENGINE_FAILED');
  expect(first.terminated).toBe(true);
});

test.each(['MODEL_NOT_FOUND', 'INVALID_ARGUMENT', 'ENGINE_FAILED'] as const)(
  'an update that fails with %s is told, its worker ended, and the old model goes on',
  async (code) => {
    const { platform, engine, first, events } = await serving();
    const update = engine.update('m@2');
    const second = platform.worker;
    second.answer('describe', manifestOf(2));
    await settle();
    second.say({ kind: 'error', id: second.idOf('load'), error: { code, message: 'Why.', retryable: false } });
    await expect(update).rejects.toMatchObject({ code, message: 'Why.' });
    expect(platform.alive).toEqual([first]);
    expect(events).toEqual([]);
    const answer = engine.classify(image);
    first.answer('classify', answerOf(1));
    expect((await answer).version).toBe(1);
  },
);

test('an update whose worker keeps crashing fails, and the old model goes on', async () => {
  const { platform, engine, first, events } = await serving();
  const update = codeOf(engine.update('m@2'));
  for (let crashes = 0; crashes < 3; crashes += 1) {
    const { worker } = platform;
    if (worker !== first) worker.crash('out of memory');
    await settle();
  }
  expect(await update).toBe('ENGINE_FAILED');
  expect(platform.alive).toEqual([first]);
  expect(events).toEqual([]);
});

test('a newer update supersedes the one under way', async () => {
  const { platform, engine, first } = await serving();
  const older = codeOf(engine.update('m@2'));
  const second = platform.worker;
  const newer = engine.update('m@3');
  expect(await older).toBe('SUPERSEDED');
  expect(second.terminated).toBe(true);
  await getReady(platform.worker, 3);
  expect((await newer).model.version).toBe(3);
  expect(first.terminated).toBe(true);
});

test('a cancelled update ends its worker', async () => {
  const { platform, engine, first } = await serving();
  const controller = new AbortController();
  const update = codeOf(engine.update('m@2', { signal: controller.signal }));
  controller.abort();
  expect(await update).toBe('CANCELLED');
  expect(platform.alive).toEqual([first]);
});

test('a crash of the serving worker during an update is recovered, and the update goes on', async () => {
  const { platform, engine, first } = await serving();
  const update = engine.update('m@2');
  const second = platform.worker;
  const waiting = engine.classify(image);
  first.crash('lost');
  const revived = platform.worker;
  revived.say({ kind: 'hello' });
  answerLoad(revived, 1);
  await settle();
  revived.answer('classify', answerOf(1));
  expect((await waiting).version).toBe(1);
  await getReady(second, 2);
  expect((await update).model.version).toBe(2);
  expect(platform.alive).toEqual([second]);
});

test('a crash after the swap brings back the new version, not the old', async () => {
  const { platform, engine } = await serving();
  void engine.update('m@2');
  await getReady(platform.worker, 2);
  platform.worker.crash('lost');
  const call = codeOf(engine.classify(image));
  expect(platform.worker.heard.at(-1)).toMatchObject({ method: 'load', params: { spec: 'm@2' } });
  engine.close();
  expect(await call).toBe('CANCELLED');
});

test('with nothing to replace an update is a load in the first worker', async () => {
  const platform = new ScriptedPlatform();
  const engine = new SwappingEngine({ gatewayUrl: '' }, platform);
  const update = engine.update('m');
  answerLoad(platform.worker, 1);
  await settle();
  platform.worker.answer('describe', manifestOf(1));
  expect((await update).model).toEqual(modelOf(1));
  expect(platform.workers).toHaveLength(1);
});

test.each([
  ['close', 'CANCELLED'],
  ['unload', 'CANCELLED'],
  ['clearStore', 'CANCELLED'],
  ['load', 'SUPERSEDED'],
] as const)('%s ends an update under way', async (method, code) => {
  const { platform, engine } = await serving();
  const update = codeOf(engine.update('m@2'));
  const second = platform.worker;
  const call = method === 'load' ? engine.load('m') : engine[method]();
  expect(await update).toBe(code);
  expect(second.terminated).toBe(true);
  if (call) void codeOf(call);
  engine.close();
  expect(platform.alive).toEqual([]);
});
