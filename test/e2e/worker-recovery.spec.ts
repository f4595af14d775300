/** What the device engine survives: a hung worker, a crashed one, a lost graphics device, no network. */
import { expect, type Page, test } from '@playwright/test';
import { engineWorker, openHarness, startHarness, visitHarness } from './harness/open.ts';
import { type HarnessServer, manifest } from './harness/server.ts';

const golden = `/v1/models/${manifest.name}/versions/1/files/goldens/abacus.png`;
const SOFTWARE_GPU = ['--enable-unsafe-webgpu'];

let server: HarnessServer;
test.beforeEach(async () => {
  server = await startHarness();
});
test.afterEach(() => server.close());

const noticesOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => window.harness.events.flatMap((event) => (event.type === 'notice' ? [event.code] : [])));

const classifyGolden = (page: Page) =>
  page.evaluate(async (url) => {
    const { engine, bytes } = window.harness;
    const { predictions, provider } = await engine.classifyPicture(new Blob([await bytes(url)]));
    return { label: predictions[0]?.label, provider };
  }, golden);

/** The worker goes on for ever once it has told that it will. */
async function hang(page: Page): Promise<void> {
  await engineWorker(page).evaluate(() => {
    setTimeout(() => {
      for (;;);
    });
  });
}

test('a hung worker is replaced: the model comes back and the waiting photo is answered', async () => {
  const { page, close } = await openHarness(server.url);
  await page.evaluate(async () => {
    window.harness.make({ runTimeoutMs: 2_000 });
    await window.harness.engine.load('efficientnet-lite0');
  });
  await hang(page);
  expect(await classifyGolden(page)).toEqual({ label: 'abacus', provider: 'wasm' });

  expect(await noticesOf(page)).toContain('WORKER_RESTARTED');
  expect(await page.evaluate(() => window.harness.engine.status.state)).toBe('ready');
  await close();
});

test('a frame that went down with its worker is ENGINE_FAILED, and the next one is answered', async () => {
  const { page, close } = await openHarness(server.url);
  await page.evaluate(async () => {
    window.harness.make({ runTimeoutMs: 2_000 });
    await window.harness.engine.load('efficientnet-lite0');
  });
  await hang(page);
  const outcome = await page.evaluate(() => {
    const canvas = new OffscreenCanvas(300, 200);
    canvas.getContext('2d')?.fillRect(0, 0, 9, 9);
    const frame = new VideoFrame(canvas, { timestamp: 0 });
    return window.harness.outcome(window.harness.engine.classifyPicture(frame));
  });
  expect(outcome).toMatchObject({ error: { code: 'ENGINE_FAILED', retryable: true } });
  expect(await classifyGolden(page)).toEqual({ label: 'abacus', provider: 'wasm' });

  await close();
});

test('closing rejects what is in flight with CANCELLED', async () => {
  const { page, close } = await openHarness(server.url);
  const codes = await page.evaluate(async () => {
    const { engine, outcome } = window.harness;
    const loading = outcome(engine.load('efficientnet-lite0'));
    engine.close();
    const endings = [await loading, await outcome(engine.capabilities())];
    return endings.map((ending) => ('error' in ending ? ending.error.code : 'answered'));
  });
  expect(codes).toEqual(['CANCELLED', 'CANCELLED']);
  await close();
});

test('a software adapter is found, named, and not preferred', async () => {
  const { page, close } = await openHarness(server.url, SOFTWARE_GPU);
  const { provider, webgpu } = await page.evaluate(async () => {
    const { engine } = window.harness;
    const model = await engine.load('efficientnet-lite0');
    return { provider: model.provider, webgpu: (await engine.capabilities()).webgpu };
  });
  test.skip(!webgpu.available, `this browser has no software adapter: ${webgpu.reason}`);
  expect(webgpu.fallbackAdapter).toBe(true);
  expect(provider).toBe('wasm');
  await close();
});

test('WebGPU, when forced, passes the goldens; a lost device is opened again in place', async () => {
  test.setTimeout(300_000);
  const slow = await startHarness({ goldens: 1 });
  const { page, close } = await openHarness(slow.url, SOFTWARE_GPU);
  await page.evaluate(() => window.harness.make({ backend: 'webgpu', runTimeoutMs: 120_000 }));
  const { webgpu } = await page.evaluate(() => window.harness.engine.capabilities());
  test.skip(!webgpu.available, `this browser has no software adapter: ${webgpu.reason}`);
  const worker = engineWorker(page);
  // Keeps the device that ONNX Runtime asks for, so that the test can lose it.
  await worker.evaluate(() => {
    const original = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...args) {
      const device = await original.apply(this, args);
      Reflect.set(self, 'lastDevice', device);
      return device;
    };
  });
  const provider = await page.evaluate(async () => (await window.harness.engine.load('efficientnet-lite0')).provider);
  expect(provider).toBe('webgpu');
  expect(await classifyGolden(page)).toEqual({ label: 'abacus', provider: 'webgpu' });
  await worker.evaluate(() => (Reflect.get(self, 'lastDevice') as GPUDevice).destroy());
  expect(await classifyGolden(page)).toEqual({ label: 'abacus', provider: 'webgpu' });
  const notices = await noticesOf(page);
  expect(notices).toContain('DEVICE_LOST');
  expect(notices).not.toContain('WORKER_RESTARTED');
  await close();
  await slow.close();
});

test('WebGPU that is right but slower is measured and not taken; the next visit knows', async () => {
  test.setTimeout(300_000);
  const slow = await startHarness({ goldens: 1 });
  const { page, close } = await openHarness(slow.url, SOFTWARE_GPU);
  const { webgpu } = await page.evaluate(() => window.harness.engine.capabilities());
  test.skip(!webgpu.available, `this browser has no software adapter: ${webgpu.reason}`);
  const loadAsOnRealGpu = async () => {
    await page.evaluate(() => window.harness.engine.unload());
    await engineWorker(page).evaluate(() =>
      Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false }),
    );
    return page.evaluate(async () => {
      const { engine, events } = window.harness;
      const { provider } = await engine.load('efficientnet-lite0');
      const chosen = events.find((event) => event.type === 'notice' && event.code === 'BACKEND_CHOSEN');
      return { provider, message: chosen?.type === 'notice' ? chosen.message : '' };
    });
  };
  const first = await loadAsOnRealGpu();
  expect(first.provider).toBe('wasm');
  expect(first.message).toMatch(/WebGPU \d.* ms, WebAssembly \d.* ms/);
  slow.requests.length = 0;
  await visitHarness(page, slow.url);
  const second = await loadAsOnRealGpu();
  expect(second.message).toContain('earlier visit');
  expect(slow.requests.filter((path) => /jspi|asyncify/.test(path))).toEqual([]);
  await close();
  await slow.close();
});

test('WebGPU, when forced where there is none, says so', async () => {
  const { page, close } = await openHarness(server.url);
  const outcome = await page.evaluate(() => {
    window.harness.make({ backend: 'webgpu' });
    return window.harness.outcome(window.harness.engine.load('efficientnet-lite0'));
  });
  expect(outcome).toMatchObject({ error: { code: 'ENGINE_FAILED', message: expect.stringContaining('WebGPU') } });
  await close();
});

test('without WebAssembly the load fails and says why', async () => {
  const { page, close } = await openHarness(server.url);
  await page.evaluate(() => window.harness.engine.capabilities());
  const worker = engineWorker(page);
  await worker.evaluate(() => Reflect.deleteProperty(self, 'WebAssembly'));
  const outcome = await page.evaluate(() => window.harness.outcome(window.harness.engine.load('efficientnet-lite0')));
  expect(outcome).toMatchObject({ error: { code: 'ENGINE_FAILED', message: expect.stringContaining('WebAssembly') } });
  await close();
});

test('after one visit the page, the runtime and the model work without any network', async () => {
  const { page, close } = await openHarness(server.url);
  await page.evaluate(async () => {
    await navigator.serviceWorker.register('/service-worker.js');
    await window.harness.engine.load('efficientnet-lite0');
    await navigator.serviceWorker.ready;
  });
  await server.close();
  await visitHarness(page, server.url);
  const isolated = await page.evaluate(async () => {
    await window.harness.engine.load('efficientnet-lite0');
    return crossOriginIsolated;
  });
  expect(isolated).toBe(true);
  const label = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(300, 300);
    canvas.getContext('2d')?.fillRect(0, 0, 150, 150);
    const { predictions } = await window.harness.engine.classifyPicture(await canvas.convertToBlob());
    return predictions[0]?.label;
  });
  expect(label).toBeTruthy();
  await close();
  server = await startHarness();
});
