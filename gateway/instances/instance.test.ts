import type { ChildProcess } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import type { TwinlensError } from '../../core/errors.ts';
import { builtIn, goldenImage } from '../../test/contract/inference-engine.ts';
import { builtInLoad as load } from '../../test/support/runtime.ts';
import { startInstance } from './child-program.ts';
import { Instance } from './instance.ts';
import { MessageReader, writeMessage } from './pipe.ts';
import { type FromInstance, formatToInstance, parseFromInstance, type ToInstance } from './wire.ts';

const item = (at: number) => ({ image: goldenImage(at), top: 1 });
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'OK',
    (error: TwinlensError) => error.code,
  );

describe('Instance', () => {
  let instance: Instance;
  afterEach(async () => {
    instance.kill();
    await instance.exited;
  });

  test('tells the steps of loading, answers batches and says what they ran on and what it holds', async () => {
    const stages: string[] = [];
    const onStage = (stage: string) => stages.push(stage);
    instance = new Instance({ load, loadTimeoutMs: 60_000, runTimeoutMs: 60_000, onStage });
    expect(await instance.load()).toMatchObject({ provider: 'cpu' });
    expect([instance.provider, stages]).toEqual(['cpu', ['load', 'goldens', 'warm-up']]);
    expect(instance.residentBytes).toBeGreaterThan(10e6);
    const ran = await Promise.all([instance.run([item(0), item(1)]), instance.run([item(2)])]);
    expect(ran.map(({ batchSize }) => batchSize)).toEqual([2, 1]);
    const best = ran.flatMap(({ items }) => items.map((one) => (one.ok ? one.predictions[0]?.index : one.error.code)));
    expect(best).toEqual([0, 1, 2].map((at) => builtIn.goldens[at]?.top[0]?.index));
  });

  test('tells how many pictures a second it answers; one that hangs meanwhile is killed', async () => {
    instance = new Instance({ load, loadTimeoutMs: 60_000, runTimeoutMs: 300 });
    await instance.load();
    expect(await instance.pace(100)).toBeGreaterThan(1);
    const pacing = codeOf(instance.pace(100));
    process.kill(instance.pid as number, 'SIGSTOP');
    expect([await pacing, await instance.exited]).toEqual(['ENGINE_FAILED', 'ended by SIGKILL']);
    expect(await codeOf(instance.pace(100)), 'asked after its end').toBe('ENGINE_FAILED');
  });

  test('one that hangs is killed, and all that it held is ENGINE_FAILED', async () => {
    instance = new Instance({ load, loadTimeoutMs: 60_000, runTimeoutMs: 300 });
    await instance.load();
    process.kill(instance.pid as number, 'SIGSTOP');
    expect(await Promise.all([1, 2].map((at) => codeOf(instance.run([item(at)]))))).toEqual([
      'ENGINE_FAILED',
      'ENGINE_FAILED',
    ]);
    expect(await instance.exited).toBe('ended by SIGKILL');
    expect(await codeOf(instance.run([item(0)])), 'asked after its end').toBe('ENGINE_FAILED');
  });

  test('one that hangs while loading is killed, and loading is ENGINE_FAILED', async () => {
    instance = new Instance({ load, loadTimeoutMs: 300, runTimeoutMs: 60_000 });
    process.kill(instance.pid as number, 'SIGSTOP');
    expect(await codeOf(instance.load())).toBe('ENGINE_FAILED');
    expect(await instance.exited).toBe('ended by SIGKILL');
  });
});

describe('the process of an instance', () => {
  function start() {
    const { child, pipe } = startInstance();
    if (!pipe) throw new Error('There is no pipe.');
    const reader = new MessageReader((message) => child.emit('told', parseFromInstance(message)));
    pipe.on('data', (chunk: Buffer) => reader.add(chunk));
    const send = (message: ToInstance) => {
      const { value, payload } = formatToInstance(message);
      writeMessage(pipe, value, payload);
    };
    return { child, pipe, send };
  }
  const exit = (child: ChildProcess) => new Promise<unknown>((resolve) => child.once('exit', resolve));
  const told = (child: ChildProcess, type: FromInstance['type']) =>
    new Promise<FromInstance>((resolve) =>
      child.on('told', (message: FromInstance) => {
        if (message.type === type) resolve(message);
      }),
    );

  test('lives through the signals that a terminal or service manager sends to all, and answers', async () => {
    const { child, send } = start();
    send({ type: 'load', ...load, measure: false });
    await told(child, 'loaded');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) child.kill(signal);
    send({ type: 'run', id: 1, items: [item(0)] });
    expect(await told(child, 'ran')).toMatchObject({ type: 'ran', id: 1, batchSize: 1 });
    child.kill('SIGKILL');
  });

  test('ends by itself when its gateway is gone', async () => {
    const { child, pipe, send } = start();
    send({ type: 'load', ...load, measure: false });
    await told(child, 'loaded');
    pipe.destroy();
    expect(await exit(child)).toBe(0);
  });
});
