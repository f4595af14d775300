/** How the device engine of the real Chromium gets its model and keeps it: downloads, stores, and what goes wrong with them. */
import { expect } from '@playwright/test';
import { engineWorker, visitHarness } from './harness/open.ts';
import { manifest } from './harness/server.ts';
import { test } from './harness/test.ts';

const weights = /\/model\.onnx$/;
const file = (name: string): string => `/v1/models/${manifest.name}/versions/1/files/${name}`;

test('a second visit loads from the store, also while the gateway is away', async ({ server, opened }) => {
  const { page } = opened;
  await page.evaluate(() => window.harness.engine.load('efficientnet-lite0'));
  server.requests.length = 0;
  await visitHarness(page, server.url);
  await page.evaluate(() => window.harness.engine.load('efficientnet-lite0'));
  expect(server.requests.filter((path) => path.includes('/files/'))).toEqual([]);

  server.faults.away = true;
  await visitHarness(page, server.url);
  const { manifestName, fromStore } = await page.evaluate(async () => {
    const { engine, events } = window.harness;
    const described = await engine.describe('efficientnet-lite0');
    await engine.load('efficientnet-lite0');
    const states = events.flatMap((event) => (event.type === 'status' ? [event.status] : []));
    return {
      manifestName: described.name,
      fromStore: states.some((status) => status.state === 'loading' && status.progress.fromStore),
    };
  });
  expect({ manifestName, fromStore }).toEqual({ manifestName: manifest.name, fromStore: true });
});

test('goldens that passed on WebAssembly are not run again, those of another version and a cleared store are', async ({
  server,
  opened,
}) => {
  const { page } = opened;
  const load = (spec: string) =>
    page.evaluate(async (wanted) => {
      const { engine, events } = window.harness;
      await engine.unload();
      events.length = 0;
      await engine.load(wanted);
      return events.some(
        (event) =>
          event.type === 'status' && event.status.state === 'loading' && event.status.progress.phase === 'check',
      );
    }, spec);
  expect(await load('efficientnet-lite0@1'), 'at the first load').toBe(true);
  await visitHarness(page, server.url);
  expect(await load('efficientnet-lite0@1'), 'at the next visit').toBe(false);
  expect(await load('efficientnet-lite0@2'), 'for another version').toBe(true);
  await page.evaluate(() => window.harness.engine.clearStore());
  expect(await load('efficientnet-lite0@1'), 'after the store was cleared').toBe(true);
});

test('a first visit without the gateway says that it can not be reached', async ({ server, opened }) => {
  server.faults.away = true;
  const outcome = await opened.page.evaluate(() =>
    window.harness.outcome(window.harness.engine.load('efficientnet-lite0')),
  );
  expect(outcome).toMatchObject({ error: { code: 'UNAVAILABLE', retryable: true } });
});

test('a damaged download is refused, and a good one is taken afterwards', async ({ server, opened }) => {
  const { page } = opened;
  server.faults.damaged = true;
  const load = () => page.evaluate(() => window.harness.outcome(window.harness.engine.load('efficientnet-lite0')));
  expect(await load()).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
  expect(await page.evaluate(() => window.harness.engine.status.state)).toBe('failed');
  server.faults.damaged = false;
  expect(await load()).toMatchObject({ value: { name: manifest.name } });
});

test('a stored file that was changed is dropped and fetched again', async ({ server, opened }) => {
  const { page } = opened;
  const sha256 = manifest.files['model.onnx']?.sha256 ?? '';
  await page.evaluate(() => window.harness.engine.load('efficientnet-lite0'));
  await page.evaluate(async (name) => {
    window.harness.engine.close();
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('twinlens-models');
    const writable = await (await folder.getFileHandle(name)).createWritable({ keepExistingData: true });
    await writable.write({ type: 'write', position: 1000, data: new Uint8Array([1, 2, 3, 4]) });
    await writable.close();
  }, sha256);
  server.requests.length = 0;
  await visitHarness(page, server.url);
  await page.evaluate(() => window.harness.engine.load('efficientnet-lite0'));
  expect(server.requests.filter((path) => weights.test(path))).toHaveLength(1);
});

test('a cancelled download stops at the network and leaves the engine as it was', async ({ server, opened }) => {
  const { page } = opened;
  server.faults.stuck = true;
  await page.evaluate(() => {
    const controller = new AbortController();
    Reflect.set(window, 'controller', controller);
    const load = window.harness.engine.load('efficientnet-lite0', { signal: controller.signal });
    Reflect.set(window, 'ended', window.harness.outcome(load));
  });
  await server.stuckOnce();
  const failed = page.waitForEvent('requestfailed', (request) => weights.test(request.url()));
  const outcome = await page.evaluate(() => {
    (Reflect.get(window, 'controller') as AbortController).abort();
    return Reflect.get(window, 'ended') as unknown;
  });
  expect(outcome).toMatchObject({ error: { code: 'CANCELLED' } });
  await failed;
  await page.waitForFunction(() => window.harness.engine.status.state === 'empty');
  server.faults.stuck = false;
  await page.evaluate(() => window.harness.engine.load('efficientnet-lite0'));
});

test('forgetting the store leaves the loaded model running and downloads at the next visit', async ({
  server,
  opened,
}) => {
  const { page } = opened;
  await page.evaluate(() => window.harness.engine.load('efficientnet-lite0'));
  const label = await page.evaluate(async (url) => {
    const { engine, bytes } = window.harness;
    await engine.clearStore();
    return (await engine.classifyPicture(new Blob([await bytes(url)]))).predictions[0]?.label;
  }, file('goldens/abacus.png'));
  expect(label).toBe('abacus');
  server.requests.length = 0;
  await visitHarness(page, server.url);
  await page.evaluate(() => window.harness.engine.load('efficientnet-lite0'));
  expect(server.requests.filter((path) => weights.test(path))).toHaveLength(1);
});

for (const [kind, cripple] of [
  ['indexeddb', "Object.defineProperty(StorageManager.prototype, 'getDirectory', { value: undefined });"],
  [
    'memory',
    "Object.defineProperty(StorageManager.prototype, 'getDirectory', { value: undefined }); Object.defineProperty(self, 'indexedDB', { value: undefined });",
  ],
] as const) {
  test(`where better storage is missing the model is kept in ${kind}`, async ({ server, opened }) => {
    const { page } = opened;
    const load = async () => {
      // Spawns the worker, which opens no store yet.
      await page.evaluate(() => window.harness.engine.unload());
      await engineWorker(page).evaluate((script) => void new Function(script)(), cripple);
      return page.evaluate(async () => {
        const { engine, events } = window.harness;
        await engine.load('efficientnet-lite0');
        const notices = events.flatMap((event) => (event.type === 'notice' ? [event.code] : []));
        return { kind: (await engine.capabilities()).storage.kind, notices };
      });
    };
    const first = await load();
    expect(first.kind).toBe(kind);
    expect(first.notices.includes('STORE_UNAVAILABLE')).toBe(kind === 'memory');
    server.requests.length = 0;
    await visitHarness(page, server.url);
    await load();
    expect(server.requests.filter((path) => weights.test(path))).toHaveLength(kind === 'memory' ? 1 : 0);
  });
}

test('a full disk costs the store, not the model, and is told', async ({ opened }) => {
  const { page } = opened;
  await page.evaluate(() => window.harness.engine.unload());
  await engineWorker(page).evaluate(() => {
    const handle = Reflect.get(self, 'FileSystemSyncAccessHandle').prototype;
    handle.write = () => {
      throw new DOMException('The disk is full.', 'QuotaExceededError');
    };
  });
  const notices = await page.evaluate(async () => {
    const { engine, events } = window.harness;
    await engine.load('efficientnet-lite0');
    return events.flatMap((event) => (event.type === 'notice' ? [event] : []));
  });
  expect(notices.filter(({ code }) => code === 'STORE_UNAVAILABLE')).toEqual([
    expect.objectContaining({ message: expect.stringContaining('disk is full') }),
  ]);
});
