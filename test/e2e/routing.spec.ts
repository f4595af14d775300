/** Where pictures are answered: the modes, and what each of them lets through the network. */
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { ROOT, startGateway } from '../support/gateway-process.ts';
import { cameraClip } from './clip.ts';
import { holdWeights, type Site, startSite, visit } from './site.ts';

const photo = (name: string) => join(ROOT, 'public/samples', `${name}.jpg`);

let site: Site;
test.beforeEach(async () => {
  site = await startSite();
});
test.afterEach(() => site.close());

async function classifyPhoto(page: Page, name: string): Promise<void> {
  await page.getByTestId('tab-photos').click();
  await page.getByTestId('file-input').setInputFiles(photo(name));
  await expect(page.locator(`[data-testid="history-entry"][data-name="${name}.jpg"]`)).toHaveCount(1, {
    timeout: 60_000,
  });
}

const engineOf = (page: Page, name: string) =>
  page.locator(`[data-testid="history-entry"][data-name="${name}.jpg"]`).first().getAttribute('data-engine');

test('in mode only-device no pixel leaves the browser: not one request with a body, not one binary frame', async () => {
  const clip = await cameraClip();
  const { browser, page } = await visit('about:blank', { clip: clip.path });
  const sent: string[] = [];
  page.on('request', (request) => {
    const { protocol } = new URL(request.url());
    if (protocol.startsWith('http') && (request.method() !== 'GET' || request.postDataBuffer() !== null)) {
      sent.push(`${request.method()} ${request.url()}`);
    }
  });
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      // Text that could carry an image is as wrong as a binary frame.
      if (typeof payload !== 'string' || payload.length > 1000) sent.push(`${payload.length} bytes over the WebSocket`);
    });
  });
  await page.addInitScript(() => localStorage.clear());
  await page.goto(site.gateway.url);
  await page.getByTestId('mode-select').selectOption('only-device');
  await expect(page.getByTestId('privacy')).toHaveAttribute('data-stays', 'true');
  await classifyPhoto(page, 'lighthouse');
  expect(await engineOf(page, 'lighthouse')).toBe('device');
  await page.getByTestId('tab-live').click();
  await page.getByTestId('camera-start').first().click();
  await expect(page.locator('[data-testid="result"][data-live="true"]')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByTestId('engine-badge')).toHaveAttribute('data-engine', 'device');
  await site.gateway.stop();
  await classifyPhoto(page, 'clock');
  expect(await engineOf(page, 'clock')).toBe('device');
  expect(sent).toEqual([]);

  // The same watch does see pixels when the mode allows them: it is no blind watch.
  const again = await startGateway({ env: { TWINLENS_PAGE: 'out', TWINLENS_PORT: new URL(site.gateway.url).port } });
  await page.getByTestId('mode-select').selectOption('only-gateway');
  await classifyPhoto(page, 'parachute');
  expect(await engineOf(page, 'parachute')).toBe('gateway');
  expect(sent).not.toEqual([]);
  await again.stop();
  await browser.close();
});

test('when the model can not be loaded on the device, the gateway answers and the page says why', async () => {
  const { browser, page } = await visit('about:blank');
  await page.route('**/files/model.onnx', (route) => route.fulfill({ status: 200, body: 'not the model' }));
  await page.goto(site.gateway.url);
  await classifyPhoto(page, 'lighthouse');
  expect(await engineOf(page, 'lighthouse')).toBe('gateway');
  await expect(page.getByTestId('reason')).toContainText(/device/i);
  await expect(page.getByTestId('model-state')).toHaveAttribute('data-state', 'failed', { timeout: 60_000 });
  await browser.close();
});

test('each answer keeps the reason of its own asking when the device takes over from the gateway', async () => {
  const { browser, page } = await visit('about:blank');
  const release = await holdWeights(page);
  await page.goto(site.gateway.url);
  await classifyPhoto(page, 'lighthouse');
  const reason = page.getByTestId('reason');
  await expect(page.getByTestId('engine-badge')).toHaveAttribute('data-engine', 'gateway');
  await expect(reason).toHaveText('The model was still loading on this device, so the gateway answered.');
  release();
  await expect(page.getByTestId('model-state')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
  await expect(reason).toHaveText('The model was still loading on this device, so the gateway answered.');
  await classifyPhoto(page, 'clock');
  await expect(page.getByTestId('engine-badge')).toHaveAttribute('data-engine', 'device');
  await expect(reason).toHaveText('This device runs the model.');
  await page.getByTestId('file-input').setInputFiles(photo('lighthouse'));
  await expect(page.getByTestId('cached-badge')).toBeVisible();
  await expect(reason).toHaveText('This browser kept what the gateway answered before.');
  await browser.close();
});

test('prefer-gateway falls over to the device when the gateway goes away, and back when it returns, without losing a photo', async () => {
  const { browser, page } = await visit(site.gateway.url);
  await page.getByTestId('mode-select').selectOption('prefer-gateway');
  await classifyPhoto(page, 'lighthouse');
  expect(await engineOf(page, 'lighthouse')).toBe('gateway');
  // The device must have its model before the gateway, which serves it, goes away.
  await expect(page.getByTestId('model-state')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
  await site.gateway.stop('SIGKILL');
  await classifyPhoto(page, 'clock');
  expect(await engineOf(page, 'clock')).toBe('device');
  const again = await startGateway({ env: { TWINLENS_PAGE: 'out', TWINLENS_PORT: new URL(site.gateway.url).port } });
  await expect(async () => {
    await page.getByTestId('photos-clear').click();
    await page.getByTestId('history-clear').click();
    await page.getByTestId('device-toggle').evaluate((element) => element.closest('details')?.setAttribute('open', ''));
    await page.getByTestId('cache-clear').click();
    await classifyPhoto(page, 'parachute');
    expect(await engineOf(page, 'parachute')).toBe('gateway');
  }).toPass({ timeout: 60_000 });
  await again.stop();
  await browser.close();
});

test('the mode is remembered', async () => {
  const { browser, page } = await visit(site.gateway.url);
  await page.getByTestId('mode-select').selectOption('only-gateway');
  await page.reload();
  await expect(page.getByTestId('mode-select')).toHaveValue('only-gateway');
  await browser.close();
});

test('in mode only-gateway the weights are not fetched', async () => {
  const { browser, page } = await visit('about:blank');
  const fetched: string[] = [];
  page.on('request', (request) => fetched.push(request.url()));
  await page.goto(site.gateway.url);
  await page.getByTestId('mode-select').selectOption('only-gateway');
  await page.reload();
  fetched.length = 0;
  await classifyPhoto(page, 'lighthouse');
  expect(fetched.filter((url) => url.endsWith('.onnx'))).toEqual([]);
  await browser.close();
});
