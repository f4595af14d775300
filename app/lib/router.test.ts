import { expect, test } from 'vitest';
import type { Classification } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import type { RoutingMode } from '../../core/routing.ts';
import { FakeClock, settle } from '../../test/doubles/fake-clock.ts';
import type { EngineName } from './answer.ts';
import { type Attempt, EngineRouter, type Job } from './router.ts';

const result = (provider: 'wasm' | 'cpu'): Classification => ({
  model: 'm',
  version: 1,
  variant: 'w16',
  predictions: [],
  notSure: true,
  provider,
  cached: false,
  timings: { queue: 0, decode: 0, prepare: 0, infer: 0, total: 0 },
  batchSize: 1,
});

type Behavior = 'answers' | 'hangs' | Error;

function setUp(mode: RoutingMode, ready: { device?: boolean; gateway?: boolean } = {}) {
  const clock = new FakeClock(0);
  const router = new EngineRouter({ mode, clock });
  if (ready.device ?? true) router.setDevice({ state: 'ready' });
  if (ready.gateway ?? true) router.setGateway({ state: 'ready' });
  const asked: EngineName[] = [];
  const attempts: Attempt[] = [];
  const behavior: Record<EngineName, Behavior> = { device: 'answers', gateway: 'answers' };
  const ask = (engine: EngineName) => (attempt: Attempt) => {
    asked.push(engine);
    attempts.push(attempt);
    const how = behavior[engine];
    if (how === 'hangs') return new Promise<Classification>(() => undefined);
    if (how instanceof Error) return Promise.reject(how);
    return Promise.resolve(result(engine === 'device' ? 'wasm' : 'cpu'));
  };
  const job: Job = { device: ask('device'), gateway: ask('gateway') };
  const classify = (options: { waitMs?: number; signal?: AbortSignal } = {}) =>
    router.classify(job, { deadlineMs: 1_000, ...options });
  return { clock, router, asked, attempts, behavior, job, classify };
}

const broken = new TwinlensError('ENGINE_FAILED', 'It broke.');

test.each([
  ['prefer-device', 'device'],
  ['only-device', 'device'],
  ['prefer-gateway', 'gateway'],
  ['only-gateway', 'gateway'],
] as const)('in mode %s the %s answers when both can', async (mode, engine) => {
  const { classify, asked } = setUp(mode);
  expect(await classify()).toMatchObject({ engine, source: 'run' });
  expect(asked).toEqual([engine]);
});

test.each([
  ['prefer-device', 'device', 'gateway'],
  ['prefer-gateway', 'gateway', 'device'],
] as const)('in mode %s a failed %s gives way to the %s, and the answer says so', async (mode, first, second) => {
  const { classify, asked, behavior } = setUp(mode);
  behavior[first] = broken;
  expect(await classify()).toMatchObject({ engine: second, fellOver: { from: first, reason: 'It broke.' } });
  expect(asked).toEqual([first, second]);
});

test.each(['device', 'gateway'] as const)(
  'a %s that hangs is given up after half the deadline, within one deadline in all',
  async (first) => {
    const { classify, behavior, clock, attempts } = setUp(first === 'device' ? 'prefer-device' : 'prefer-gateway');
    behavior[first] = 'hangs';
    const answer = classify();
    await clock.advance(499);
    expect(attempts).toHaveLength(1);
    await clock.advance(1);
    expect(attempts[0]?.signal.aborted).toBe(true);
    expect((await answer).engine).not.toBe(first);
    expect(attempts[1]?.deadlineMs).toBe(500);
  },
);

test('when both hang, the picture ends with DEADLINE_EXCEEDED at its deadline', async () => {
  const { classify, behavior, clock } = setUp('prefer-device');
  behavior.device = 'hangs';
  behavior.gateway = 'hangs';
  const answer = expect(classify()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await clock.advance(1_000);
  await answer;
});

test('only-device never asks the gateway, however the device fails', async () => {
  for (const how of ['hangs', broken, new TwinlensError('UNDECODABLE_IMAGE', 'No.')] as const) {
    const { classify, asked, behavior, clock } = setUp('only-device');
    behavior.device = how;
    const answer = expect(classify()).rejects.toBeInstanceOf(TwinlensError);
    await clock.advance(1_000);
    await answer;
    expect(asked).toEqual(['device']);
  }
});

test('choosing only-device aborts the gateway at work and asks the device instead', async () => {
  const { classify, asked, attempts, behavior, router } = setUp('prefer-gateway');
  behavior.gateway = 'hangs';
  const answer = classify();
  await settle();
  router.setMode('only-device');
  expect(attempts[0]?.signal.aborted).toBe(true);
  expect((await answer).engine).toBe('device');
  expect(asked).toEqual(['gateway', 'device']);
});

test('a lost connection gives way to the device at once, not at half the deadline', async () => {
  const { classify, clock, behavior, router } = setUp('prefer-gateway');
  behavior.gateway = 'hangs';
  const answer = classify();
  await settle();
  router.setGateway({ state: 'unreachable', reason: 'The connection ended.' });
  expect(await answer).toMatchObject({ engine: 'device', fellOver: { from: 'gateway' } });
  expect(clock.now()).toBe(0);
});

test('in only-gateway mode a lost connection is waited out to the deadline', async () => {
  const { classify, clock, behavior, router, attempts } = setUp('only-gateway');
  behavior.gateway = 'hangs';
  const answer = expect(classify()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await settle();
  router.setGateway({ state: 'unreachable', reason: 'The connection ended.' });
  expect(attempts[0]?.signal.aborted).toBe(false);
  await clock.advance(1_000);
  await answer;
});

test('choosing only-device while the device fails leaves the gateway unasked', async () => {
  const { asked, behavior, router, job } = setUp('prefer-device');
  let fail: (error: Error) => void = () => undefined;
  behavior.device = 'hangs';
  const device: Job['device'] = () =>
    new Promise((_, reject) => {
      fail = reject;
    });
  const answer = expect(router.classify({ ...job, device }, { deadlineMs: 1_000 })).rejects.toBe(broken);
  await settle();
  router.setMode('only-device');
  fail(broken);
  await answer;
  expect(asked).toEqual([]);
});

test('an engine that failed is passed over for two seconds, then tried again; failing again doubles the rest', async () => {
  const { classify, asked, behavior, clock } = setUp('prefer-device');
  behavior.device = broken;
  await classify();
  await classify();
  expect(asked).toEqual(['device', 'gateway', 'gateway']);
  await clock.advance(2_000);
  await classify();
  expect(asked.slice(3)).toEqual(['device', 'gateway']);
  await clock.advance(3_999);
  await classify();
  expect(asked.slice(5)).toEqual(['gateway']);
  await clock.advance(1);
  behavior.device = 'answers';
  await classify();
  expect(asked.slice(6)).toEqual(['device']);
});

test('a picture that can not be decoded tries the other engine but passes none over', async () => {
  const { classify, asked, behavior } = setUp('prefer-device');
  behavior.device = new TwinlensError('UNDECODABLE_IMAGE', 'No picture.');
  await classify();
  await classify();
  expect(asked).toEqual(['device', 'gateway', 'device', 'gateway']);
});

test('one failed picture does not silence the only engine there is', async () => {
  const { classify, asked, behavior } = setUp('prefer-device', { gateway: false });
  behavior.device = broken;
  await expect(classify()).rejects.toBe(broken);
  behavior.device = 'answers';
  await classify();
  expect(asked).toEqual(['device', 'device']);
});

test('a superseded frame is not asked again elsewhere', async () => {
  const { classify, asked, behavior } = setUp('prefer-gateway');
  behavior.gateway = new TwinlensError('SUPERSEDED', 'A newer frame came.');
  await expect(classify()).rejects.toMatchObject({ code: 'SUPERSEDED' });
  expect(asked).toEqual(['gateway']);
});

test('a cancelled picture ends at once with CANCELLED', async () => {
  const { classify, asked, behavior } = setUp('prefer-device');
  behavior.device = 'hangs';
  const abort = new AbortController();
  const answer = classify({ signal: abort.signal });
  await settle();
  abort.abort();
  await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(asked).toEqual(['device']);
});

test('while the model loads the gateway answers, and the device takes over when it is ready', async () => {
  const { classify, router } = setUp('prefer-device', { device: false });
  expect((await classify()).engine).toBe('gateway');
  router.setDevice({ state: 'ready' });
  expect((await classify()).engine).toBe('device');
});

test('an answer says the reason of its own asking, whatever is decided meanwhile and later', async () => {
  const { behavior, classify, job, router } = setUp('prefer-device', { device: false });
  let give: (result: Classification) => void = () => undefined;
  const gateway: Job['gateway'] = () =>
    new Promise((resolve) => {
      give = resolve;
    });
  const asked = router.classify({ ...job, gateway }, { deadlineMs: 1_000 });
  await settle();
  router.setDevice({ state: 'ready' });
  give(result('cpu'));
  const early = await asked;
  const loading = 'The model was still loading on this device, so the gateway answered.';
  expect(early).toMatchObject({ engine: 'gateway', reason: loading });
  expect(await classify()).toMatchObject({ engine: 'device', reason: 'This device runs the model.' });
  expect(early.reason).toBe(loading);
  behavior.device = broken;
  expect(await classify(), 'why the one was asked that failed').toMatchObject({
    engine: 'gateway',
    reason: 'This device runs the model.',
    fellOver: { from: 'device' },
  });
  expect((await classify()).reason).toBe('The model failed on this device: It broke, so the gateway answered.');
});

test('a photo waits for a model that is loading', async () => {
  const { classify, router, clock } = setUp('only-device', { device: false });
  const answer = classify({ waitMs: 60_000 });
  await clock.advance(30_000);
  router.setDevice({ state: 'loading' });
  await settle();
  router.setDevice({ state: 'ready' });
  expect((await answer).engine).toBe('device');
});

test('many photos can wait at once, and all are answered', async () => {
  const { classify, router } = setUp('only-device', { device: false });
  const answers = Array.from({ length: 20 }, () => classify({ waitMs: 60_000 }));
  await settle();
  router.setDevice({ state: 'ready' });
  expect((await Promise.all(answers)).map((answer) => answer.engine)).toEqual(Array(20).fill('device'));
});

test('when the load fails instead, the waiting photo fails with the reason', async () => {
  const { classify, router } = setUp('only-device', { device: false });
  const answer = expect(classify({ waitMs: 60_000 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await settle();
  router.setDevice({ state: 'failed', reason: 'No network.' });
  await answer;
});

test('waiting has an end and can be cancelled', async () => {
  const { classify, clock } = setUp('only-device', { device: false });
  const late = expect(classify({ waitMs: 5_000 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await clock.advance(5_000);
  await late;
  const abort = new AbortController();
  const cancelled = expect(classify({ waitMs: 5_000, signal: abort.signal })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
  await settle();
  abort.abort();
  await cancelled;
});

test('no timer is left behind by an answered picture', async () => {
  const { classify, clock } = setUp('prefer-device');
  await classify();
  expect(clock.pending).toBe(0);
});
