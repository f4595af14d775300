import { expect, test } from 'vitest';
import type { TwinlensError } from '../../core/errors.ts';
import { lives } from '../../test/support/processes.ts';
import { builtInLoad } from '../../test/support/runtime.ts';
import { InstancePool, type PoolOptions } from './pool.ts';

const options: PoolOptions = {
  load: builtInLoad,
  loadTimeoutMs: 60_000,
  runTimeoutMs: 60_000,
  size: () => 2,
  now: () => 0,
  onExit: () => undefined,
  onMeasured: () => undefined,
  onNote: () => undefined,
};
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'OK',
    (error: TwinlensError) => error.code,
  );

test('closing ends instances that still load, even one that hangs', async () => {
  const pool = new InstancePool(options);
  const started = codeOf(pool.start());
  const [pid] = pool.pids;
  if (pid === undefined) throw new Error('no process was started');
  process.kill(pid, 'SIGSTOP');
  await pool.close();
  expect([lives(pid), pool.pids, await started]).toEqual([false, [], 'ENGINE_FAILED']);
  expect(await codeOf(pool.start()), 'started after its end').toBe('DRAINING');
});

test('as many instances as the provider of the first one calls for; one that runs alone takes no company', async () => {
  const asked: string[] = [];
  const size = (provider: string) => asked.push(provider) + 1;
  const measured: number[][] = [];
  const onMeasured: PoolOptions['onMeasured'] = (costs) => measured.push(costs.map(({ size }) => size));
  const pool = new InstancePool({ ...options, size, onMeasured });
  try {
    await pool.start();
    expect([asked, pool.alive]).toEqual([['cpu'], 2]);
    expect(measured, 'by the first one, which had the machine for itself').toEqual([[1, 2]]);
    const junk = { image: { encoding: 'png', data: new Uint8Array(3) }, top: 1 } as const;
    const runs = [pool.run([junk], true), pool.run([junk], false)];
    const half = { instances: 2, idle: 0, ahead: { since: 0, size: 1 } };
    expect([pool.room(true), pool.room(false)], 'one reserved, one half full').toEqual([undefined, half]);
    runs.push(pool.run([junk], false));
    expect(pool.room(false), 'one reserved, one full').toBe(undefined);
    const ran = await Promise.all(runs);
    expect(ran.map(({ provider, batchSize }) => [provider, batchSize])).toEqual([0, 1, 2].map(() => ['cpu', 0]));
    const free = { instances: 2, idle: 2, ahead: undefined };
    expect([pool.room(true), pool.room(false)]).toEqual([free, free]);
  } finally {
    await pool.close();
  }
});
