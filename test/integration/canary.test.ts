/** Labels and canaries over real instances: two versions of the built-in model, of which one has its names reversed. */
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelEvent } from '../../core/protocol.ts';
import { builtIn, goldenImage } from '../contract/inference-engine.ts';
import { platformClock, type RegistryUnderTest, startRegistry } from '../support/registry.ts';
import { temporaryFolders } from '../support/temporary.ts';

const { name } = builtIn;
const fresh = temporaryFolders();
const models = fresh();
const data = fresh();

/** Puts version `version` into the models folder; its goldens go by index, so it loads whatever its classes are called. */
function addVersion(version: number, reversed: boolean): void {
  const folder = join(models, `v${version}`);
  cpSync(new URL(`../../models/${name}`, import.meta.url), folder, { recursive: true });
  const manifest = structuredClone(builtIn);
  manifest.version = version;
  if (reversed) {
    const names: unknown = JSON.parse(readFileSync(join(folder, 'classes.json'), 'utf8'));
    if (!Array.isArray(names)) throw new Error('classes.json is an array.');
    const bytes = Buffer.from(JSON.stringify(names.reverse()));
    writeFileSync(join(folder, 'classes.json'), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    manifest.files['classes.json'] = { bytes: bytes.length, sha256 };
  }
  writeFileSync(join(folder, 'model.json'), JSON.stringify(manifest));
}

let under: RegistryUnderTest;
beforeAll(async () => {
  addVersion(1, false);
  addVersion(2, true);
  under = await startRegistry({
    TWINLENS_MODELS: models,
    TWINLENS_DATA: data,
    TWINLENS_INSTANCES: '1',
    TWINLENS_VERSIONS: 'all',
  });
  await under.until(() => under.registry.list()[0]?.versions.length === 2);
}, 180_000);
afterAll(async () => {
  await under?.registry.close();
});

async function ask(key?: string, spec?: string): Promise<number> {
  const handle = under.registry.acquire(spec, { key });
  try {
    const deadline = platformClock.now() + 60_000;
    const request = { image: goldenImage(0), top: 1, deadline, priority: 'normal', client: 'test' } as const;
    const { version } = await handle.classify(request);
    expect(version).toBe(handle.version);
    return version;
  } finally {
    handle.release();
  }
}

describe('over real instances', () => {
  test('promote and rollback move stable, and every subscriber hears of each move', async () => {
    const { registry } = under;
    const moves: ModelEvent[] = [];
    const stop = registry.subscribe((event) => moves.push(event));
    await registry.operations.promote(name, 1, 'admin');
    expect(await ask()).toBe(1);
    await registry.operations.promote(name, 2, 'admin');
    expect(await ask()).toBe(2);
    await registry.operations.rollback(name, 'admin');
    expect(await ask()).toBe(1);
    stop();
    expect(moves.filter(({ label }) => label === 'stable').map(({ version }) => version)).toEqual([1, 2, 1]);
  }, 120_000);

  test('a canary gets about its share of the keys, each key always the same version', async () => {
    const { registry } = under;
    await registry.operations.setCanary(name, { version: 2, share: 0.5, shadow: 0 }, 'admin');
    const keys = Array.from({ length: 40 }, (_, at) => `user-${at}`);
    const first = await Promise.all(keys.map((key) => ask(key)));
    expect(await Promise.all(keys.map((key) => ask(key)))).toEqual(first);
    const canary = first.filter((version) => version === 2).length;
    expect(canary).toBeGreaterThan(8);
    expect(canary).toBeLessThan(32);
    const seen = registry.operations.model(name).canary?.seen;
    expect(seen).toMatchObject({ canary: { requests: 2 * canary }, stable: { requests: 2 * (40 - canary) } });
    expect(seen?.canary.p99Ms).toBeGreaterThan(0);
    await registry.operations.endCanary(name, 'admin');
  }, 120_000);

  test('a canary that calls everything by another name is rolled back, and nobody was told a wrong name for it', async () => {
    const { registry, log, until } = under;
    const limits = { minRequests: 5, maxDisagreement: 0.2 };
    await registry.operations.setCanary(name, { version: 2, share: 0, shadow: 1, limits }, 'admin');
    // One by one, so that each has its shadow.
    for (let at = 0; at < 100 && registry.operations.model(name).canary; at += 1) expect(await ask()).toBe(1);
    await until(() => log.some(({ fields }) => fields.event_type === 'canary_rolled_back'));
    expect(registry.operations.model(name)).toMatchObject({ stable: 'pinned', labels: { stable: 1 } });
    expect(registry.operations.model(name).canary).toBeUndefined();
    const [entry] = registry.operations.journal(10).filter(({ action }) => action === 'canary-rollback');
    expect(entry).toMatchObject({
      actor: 'gateway',
      version: 2,
      detail: expect.stringMatching(/disagreed with stable/),
    });
    expect(await ask()).toBe(1);
  }, 180_000);

  test('a gateway that starts on the same disk has the same labels', async () => {
    const before = under.registry.operations.model(name);
    await under.registry.close();
    under = await startRegistry({
      TWINLENS_MODELS: models,
      TWINLENS_DATA: data,
      TWINLENS_INSTANCES: '1',
      TWINLENS_VERSIONS: 'all',
    });
    await under.until(() => under.registry.ready);
    const { labels, stable, rollbackTo } = under.registry.operations.model(name);
    expect({ labels, stable, rollbackTo }).toEqual({
      labels: before.labels,
      stable: before.stable,
      rollbackTo: before.rollbackTo,
    });
    expect(await ask()).toBe(1);
  }, 180_000);
});
