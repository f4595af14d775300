import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TwinlensError } from '../../core/errors.ts';
import { settle } from '../../test/doubles/fake-clock.ts';
import { request, type ServingOptions, type ServingUnderTest, startServing } from '../../test/support/serving.ts';
import { temporaryFolders } from '../../test/support/temporary.ts';
import { inShare } from './share.ts';

const fresh = temporaryFolders();

/** Version 1 is stable, version 2 the canary; chance is what `random` says. */
async function withCanary(
  canary: { share: number; shadow?: number; limits?: object },
  options: ServingOptions = {},
): Promise<ServingUnderTest> {
  const serving = await startServing({
    data: fresh(),
    versions: [1, 2],
    environment: { TWINLENS_VERSIONS: 'all' },
    ...options,
  });
  const { operations } = serving.registry;
  await operations.promote('mini', 1, 'admin');
  await operations.setCanary('mini', { version: 2, shadow: 0, ...canary }, 'admin');
  return serving;
}

async function ask({ registry }: ServingUnderTest, spec = 'mini', key?: string): Promise<number | string> {
  const handle = registry.acquire(spec, { key });
  try {
    const { version } = await handle.classify(request());
    return version;
  } catch (error) {
    return error instanceof TwinlensError ? error.code : String(error);
  } finally {
    handle.release();
  }
}

const canaryOf = ({ registry }: ServingUnderTest) => registry.operations.model('mini').canary;

describe('a canary', () => {
  it('gets its share by the key, the same at every request, and only of what names neither version nor label', async () => {
    const serving = await withCanary({ share: 0.5 });
    for (let at = 0; at < 100; at += 1) {
      const key = `user-${at}`;
      const version = inShare('mini', 0.5, key, Math.random) ? 2 : 1;
      expect([await ask(serving, 'mini', key), await ask(serving, 'mini', key)]).toEqual([version, version]);
      expect([await ask(serving, 'mini@1', key), await ask(serving, 'mini:stable', key)]).toEqual([1, 1]);
    }
    expect(await ask(serving, 'mini:canary')).toBe(2);
  });

  it('gets its share by chance without a key', async () => {
    let chance = 0;
    const serving = await withCanary({ share: 0.25 }, { random: () => chance });
    expect(await ask(serving)).toBe(2);
    chance = 0.25;
    expect(await ask(serving)).toBe(1);
  });

  it('is not needed: where it is gone, stable answers', async () => {
    const serving = await withCanary({ share: 1 });
    expect(await ask(serving)).toBe(2);
    serving.publish(1);
    await settle();
    expect(await ask(serving)).toBe(1);
  });

  it('begun with a version that was not loaded, never makes it stable', async () => {
    const serving = await startServing({ data: fresh(), versions: [1] });
    const stables: number[] = [];
    serving.registry.subscribe(({ event, label, version }) => {
      if (event === 'label' && label === 'stable') stables.push(version);
    });
    const { operations } = serving.registry;
    await settle();
    await operations.setPolicy('mini', { kind: 'specific', versions: [1] }, 'admin');
    serving.publish(1, 2);
    await operations.setCanary('mini', { version: 2, share: 0.1 }, 'admin');
    await operations.endCanary('mini', 'admin');
    expect(stables).toEqual([1]);
    expect(operations.model('mini')).toMatchObject({ stable: 'pinned', labels: { stable: 1 } });
    expect(operations.model('mini').canary).toBeUndefined();
  });

  it('promoted, becomes stable and ends', async () => {
    const serving = await withCanary({ share: 0.1 });
    await serving.registry.operations.promote('mini', undefined, 'admin');
    expect(serving.registry.operations.model('mini')).toMatchObject({ labels: { stable: 2 }, rollbackTo: 1 });
    expect(canaryOf(serving)).toBeUndefined();
    await expect(serving.registry.operations.promote('mini', undefined, 'admin')).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  it('changed in its share, goes on as the same one; stable can be no canary', async () => {
    const serving = await withCanary({ share: 1, limits: { minRequests: 9 } });
    await ask(serving);
    const before = canaryOf(serving);
    await serving.registry.operations.setCanary('mini', { version: 2, share: 0.75 }, 'admin');
    expect(canaryOf(serving)).toEqual({ ...before, share: 0.75 });
    expect(canaryOf(serving)).toMatchObject({ seen: { canary: { requests: 1 } }, limits: { minRequests: 9 } });
    const { operations } = serving.registry;
    await expect(operations.setCanary('mini', { version: 1, share: 1 }, 'admin')).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await expect(operations.followNewest('mini', 'admin')).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('shadowed requests', () => {
  it("run on the other version after the answer, are compared, and count as nobody's", async () => {
    const seen: (boolean | undefined)[] = [];
    const answer =
      (label: string) =>
      ({ shadow }: { shadow?: boolean }) => {
        seen.push(shadow);
        return label;
      };
    const serving = await withCanary(
      { share: 0, shadow: 1 },
      { scripts: { 1: { answer: answer('tabby') }, 2: { answer: answer('tabby') } } },
    );
    expect(await ask(serving)).toBe(1);
    await settle();
    serving.script(2).answer = answer('fox');
    await ask(serving);
    await settle();
    expect(seen).toEqual([undefined, true, undefined, true]);
    expect(canaryOf(serving)?.seen).toMatchObject({ shadowed: 2, disagreed: 1, canary: { requests: 0 } });
    const finished = serving.told.filter(([name]) => name === 'requestFinished');
    expect(finished.map(([, event]) => event)).toMatchObject([{ version: 1 }, { version: 1 }]);
    expect(serving.told.filter(([name]) => name === 'shadowCompared').map(([, event]) => event)).toEqual([
      { model: 'mini', version: 2, agreed: true },
      { model: 'mini', version: 2, agreed: false },
    ]);
  });

  it('never delay, fail or outnumber: what can not run is skipped, and none begins while draining', async () => {
    let shadows = 0;
    let fail: (error: Error) => void = () => undefined;
    const hanging = new Promise<string>((_, reject) => {
      fail = reject;
    });
    const serving = await withCanary(
      { share: 0, shadow: 1, limits: { maxDisagreement: 1 } },
      {
        scripts: {
          2: {
            answer: () => {
              shadows += 1;
              return hanging;
            },
          },
        },
      },
    );
    for (let at = 0; at < 20; at += 1) expect(await ask(serving)).toBe(1);
    expect(shadows).toBe(4);
    fail(new TwinlensError('QUEUE_FULL', 'Full.'));
    await settle();
    expect(canaryOf(serving)?.seen.shadowed).toBe(0);
    serving.registry.drain();
    expect(await ask(serving)).toBe(1);
    expect(shadows).toBe(4);
  });

  it('keep no version from being retired but for their own time', async () => {
    const serving = await withCanary({ share: 0, shadow: 1 });
    await ask(serving);
    await settle();
    await serving.registry.operations.endCanary('mini', 'admin');
    await serving.registry.operations.unload('mini', 2, 'admin');
    expect(serving.registry.list()[0]?.versions).toEqual([1]);
  });
});

describe('a canary beyond its limits is rolled back by the gateway itself', () => {
  const rolledBack = async (serving: ServingUnderTest, reason: RegExp) => {
    await settle();
    expect(canaryOf(serving)).toBeUndefined();
    expect(await ask(serving)).toBe(1);
    expect(serving.registry.operations.model('mini')).toMatchObject({ stable: 'pinned', labels: { stable: 1 } });
    // Behind it in the queue to the disk.
    await serving.registry.operations.note({ actor: 'test', action: 'mark', detail: '' }).catch(() => undefined);
    await settle();
    expect(serving.log.filter(({ fields }) => fields.event_type === 'canary_rolled_back')).toMatchObject([
      { level: 'warn', message: expect.stringMatching(reason) },
    ]);
    expect(serving.told.filter(([name]) => name === 'canaryRolledBack')).toHaveLength(1);
    expect(serving.told.findLast(([name]) => name === 'canaryShare')?.[1]).toEqual({ model: 'mini', share: undefined });
  };
  const journaled = ({ registry }: ServingUnderTest) =>
    registry.operations.journal(100).filter(({ action }) => action === 'canary-rollback');

  it('for errors: at once, with its reason in the journal', async () => {
    const fail = () => Promise.reject(new TwinlensError('ENGINE_FAILED', 'It broke.'));
    const serving = await withCanary({ share: 1, limits: { minRequests: 5 } }, { scripts: { 2: { answer: fail } } });
    for (let at = 0; at < 5; at += 1) expect(await ask(serving)).toBe('ENGINE_FAILED');
    await rolledBack(serving, /5 of its 5 requests failed/);
    expect(journaled(serving)).toMatchObject([{ actor: 'gateway', model: 'mini', version: 2 }]);
  });

  it('without waiting for a disk that is busy', async () => {
    const fail = () => Promise.reject(new TwinlensError('ENGINE_FAILED', 'It broke.'));
    const serving = await withCanary({ share: 1, limits: { minRequests: 5 } }, { scripts: { 2: { answer: fail } } });
    const busy = serving.registry.operations.note({ actor: 'test', action: 'mark', detail: '' });
    const asked = Array.from({ length: 5 }, () => ask(serving));
    for (const one of asked) expect(await one).toBe('ENGINE_FAILED');
    expect(await ask(serving)).toBe(1);
    await busy;
  });

  it('for mistakes of clients: never', async () => {
    const fail = () => Promise.reject(new TwinlensError('UNDECODABLE_IMAGE', 'No picture.'));
    const serving = await withCanary({ share: 1, limits: { minRequests: 2 } }, { scripts: { 2: { answer: fail } } });
    for (let at = 0; at < 10; at += 1) await ask(serving);
    expect(canaryOf(serving)).toBeDefined();
  });

  it('for its p99', async () => {
    const serving = await withCanary(
      { share: 1, limits: { minRequests: 5, maxP99Ms: 50 } },
      { scripts: { 2: { ms: 80 } } },
    );
    for (let at = 0; at < 5; at += 1) await ask(serving);
    await rolledBack(serving, /p99 is \d+ ms/);
  });

  it('for disagreeing with stable', async () => {
    const serving = await withCanary(
      { share: 0, shadow: 1, limits: { minRequests: 5 } },
      { scripts: { 2: { answer: () => 'fox' } } },
    );
    for (let at = 0; at < 5; at += 1) {
      await ask(serving);
      await settle();
    }
    await rolledBack(serving, /disagreed with stable on 5 of 5/);
  });

  it('also where the disk refuses to keep that: the log says so', async () => {
    const data = fresh();
    const fail = () => Promise.reject(new TwinlensError('INTERNAL', 'It broke.'));
    const serving = await withCanary(
      { share: 1, limits: { minRequests: 5 } },
      { data, scripts: { 2: { answer: fail } } },
    );
    rmSync(data, { recursive: true });
    for (let at = 0; at < 5; at += 1) await ask(serving);
    await rolledBack(serving, /The disk refused to keep that/);
    expect(journaled(serving)).toHaveLength(1);
  });
});
