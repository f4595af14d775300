import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../core/errors.ts';
import { TwinlensError } from '../../core/errors.ts';
import { settle } from '../../test/doubles/fake-clock.ts';
import { request, type ServingOptions, type ServingUnderTest, startServing } from '../../test/support/serving.ts';
import { temporaryFolders } from '../../test/support/temporary.ts';

const fresh = temporaryFolders();

const FAILURES = 3;
const OPEN_MS = 1000;
const SPARE = 7;

async function start({ environment, ...options }: ServingOptions = {}): Promise<ServingUnderTest> {
  const serving = await startServing({
    spare: SPARE,
    environment: {
      TWINLENS_FALLBACKS: 'mini=spare',
      TWINLENS_BREAKER_FAILURES: String(FAILURES),
      TWINLENS_BREAKER_MS: String(OPEN_MS),
      TWINLENS_DEFAULT_MODEL: 'mini',
      ...environment,
    },
    ...options,
  });
  await settle();
  return serving;
}

/** Who answered, or the code; with a `!` when the answer says that it is degraded. */
async function ask({ registry }: ServingUnderTest, spec?: string): Promise<string> {
  try {
    const handle = registry.acquire(spec);
    try {
      const { model, version } = await handle.classify(request());
      return `${model}@${version}${handle.degraded ? ` for ${handle.degraded.from}: ${handle.degraded.reason}` : ''}`;
    } finally {
      handle.release();
    }
  } catch (error) {
    return error instanceof TwinlensError ? error.code : String(error);
  }
}

async function failing(serving: ServingUnderTest, code: ErrorCode, times = FAILURES): Promise<void> {
  serving.script(1).answer = () => Promise.reject(new TwinlensError(code, 'It failed.'));
  for (let at = 0; at < times; at += 1) expect(await ask(serving, 'mini')).toBe(code);
}

const DEGRADED = `spare@${SPARE} for mini: breaker`;
const toldOf = ({ told }: ServingUnderTest, name: string) =>
  told.filter(([one]) => one === name).map(([, event]) => event);

describe('a model that fails in a row', () => {
  test('is stood in for, its answers say so, and it is taken back by itself', async () => {
    const serving = await start();
    await failing(serving, 'ENGINE_FAILED');
    expect([await ask(serving), await ask(serving, 'mini:stable')]).toEqual([DEGRADED, DEGRADED]);
    expect(serving.registry.degraded).toEqual([{ model: 'mini', from: 'mini', by: 'spare', reason: 'breaker' }]);
    await serving.clock.advance(OPEN_MS);
    expect(await ask(serving), 'the probe').toBe('ENGINE_FAILED');
    expect(await ask(serving)).toBe(DEGRADED);
    serving.script(1).answer = undefined;
    expect(await ask(serving), 'not before its time').toBe(DEGRADED);
    await serving.clock.advance(OPEN_MS);
    expect([await ask(serving), await ask(serving)]).toEqual(['mini@1', 'mini@1']);
    expect(serving.registry.degraded).toEqual([]);
    expect(toldOf(serving, 'breakerChanged')).toEqual([
      { model: 'mini', version: 1, open: true },
      { model: 'mini', version: 1, open: false },
    ]);
    const events = serving.log.map(({ fields }) => fields.event_type);
    for (const event of ['breaker_opened', 'degraded', 'breaker_closed', 'recovered']) expect(events).toContain(event);
    expect(toldOf(serving, 'degraded').at(-1)).toEqual({ model: 'mini', reason: 'model', degraded: false });
  });

  test('while the probe runs the others go on to the fallback', async () => {
    const serving = await start();
    await failing(serving, 'ENGINE_FAILED');
    await serving.clock.advance(OPEN_MS);
    let answer: (name: string) => void = () => undefined;
    serving.script(1).answer = () => new Promise((resolve) => (answer = resolve));
    const probe = ask(serving);
    await settle();
    expect(await ask(serving)).toBe(DEGRADED);
    answer('tabby');
    expect(await probe).toBe('mini@1');
  });

  test('a probe that asked nothing, since the answer was kept, does not keep others from being one', async () => {
    const serving = await start();
    await failing(serving, 'ENGINE_FAILED');
    serving.script(1).answer = undefined;
    await serving.clock.advance(OPEN_MS);
    serving.registry.acquire('mini').release();
    expect(await ask(serving)).toBe('mini@1');
  });

  test('who names a version, or an own label, gets that one or none', async () => {
    const serving = await start({ data: fresh() });
    await serving.registry.operations.setLabel('mini', 'blue', 1, 'admin');
    await failing(serving, 'ENGINE_FAILED');
    expect([await ask(serving, 'mini@1'), await ask(serving, 'mini:blue')]).toEqual([
      'MODEL_NOT_READY',
      'MODEL_NOT_READY',
    ]);
  });

  test('without a fallback it fails fast, saying when to come again', async () => {
    const serving = await start({ environment: { TWINLENS_FALLBACKS: '' } });
    await failing(serving, 'ENGINE_FAILED');
    await serving.clock.advance(200);
    expect(() => serving.registry.acquire('mini')).toThrowError(
      expect.objectContaining({ code: 'MODEL_NOT_READY', retryAfterMs: OPEN_MS - 200 }),
    );
  });

  test.each<ErrorCode>(['UNDECODABLE_IMAGE', 'QUEUE_FULL', 'DEADLINE_EXCEEDED', 'CANCELLED'])(
    '%s is no failure of the model',
    async (code) => {
      const serving = await start();
      await failing(serving, code, 3 * FAILURES);
    },
  );

  test('a version that is loaded anew begins with a clean record', async () => {
    const serving = await start();
    await failing(serving, 'ENGINE_FAILED');
    serving.publish();
    await settle();
    serving.script(1).answer = undefined;
    serving.publish(1);
    await settle();
    expect(await ask(serving)).toBe('mini@1');
    expect(toldOf(serving, 'breakerChanged').at(-1)).toMatchObject({ open: undefined });
  });
});

describe('a model that can’t answer', () => {
  test('is stood in for while it has no version, and the gateway that once was ready stays so', async () => {
    const serving = await start();
    expect(serving.registry.ready).toBe(true);
    serving.publish();
    await settle();
    expect(await ask(serving)).toBe(`spare@${SPARE} for mini: unavailable`);
    expect(serving.registry.ready).toBe(true);
    serving.publish(1);
    await settle();
    expect(await ask(serving)).toBe('mini@1');
  });

  test('at the start the gateway is not ready before the model itself can answer', async () => {
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const serving = await start({ scripts: { 1: { gate } } });
    expect([serving.registry.ready, await ask(serving)]).toEqual([false, `spare@${SPARE} for mini: unavailable`]);
    open();
    await settle();
    expect([serving.registry.ready, await ask(serving)]).toEqual([true, 'mini@1']);
  });

  test('a chain goes on to the next where a fallback can’t answer either', async () => {
    const serving = await start({ environment: { TWINLENS_FALLBACKS: 'mini=gone,gone=spare' } });
    serving.publish();
    await settle();
    expect(await ask(serving)).toBe(`spare@${SPARE} for mini: unavailable`);
    serving.publish(1);
    await settle();
    expect(await ask(serving)).toBe('mini@1');
  });

  test('where nothing of the chain can answer, the refusal is the model’s own', async () => {
    const serving = await start({ environment: { TWINLENS_FALLBACKS: 'mini=gone' } });
    await failing(serving, 'ENGINE_FAILED');
    expect(await ask(serving)).toBe('MODEL_NOT_READY');
    expect(serving.registry.degraded).toEqual([]);
  });
});
