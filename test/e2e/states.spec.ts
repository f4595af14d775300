/** The page in all its states: whether everybody can use it, and what it says where something is missing. */
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { ROOT } from '../support/gateway-process.ts';
import { findings } from './axe.ts';
import { cameraClip } from './clip.ts';
import { holdWeights, type Site, startSite, visit } from './site.ts';

let site: Site;
test.beforeAll(async () => {
  site = await startSite();
});
test.afterAll(() => site.close());

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [width, height] of [
    [1280, 800],
    [390, 844],
  ] as const) {
    test(`axe finds nothing, live and with photos, ${colorScheme}, ${width} px`, async () => {
      const clip = await cameraClip();
      const { browser, page } = await visit(site.gateway.url, { clip: clip.path, colorScheme, width, height });
      expect(await findings(page), 'before anything').toEqual([]);
      await page.getByTestId('camera-start').first().click();
      await expect(page.getByTestId('top-label')).toBeVisible({ timeout: 60_000 });
      expect(await findings(page), 'live').toEqual([]);
      await page.getByTestId('tab-photos').click();
      await page
        .getByTestId('file-input')
        .setInputFiles([join(ROOT, 'public/samples/lighthouse.jpg'), join(ROOT, 'test/fixtures/images/page.jpg')]);
      await expect(page.locator('[data-testid="photo-item"][data-state="answered"]')).toHaveCount(1, {
        timeout: 60_000,
      });
      await expect(page.locator('[data-testid="photo-item"][data-state="failed"]')).toHaveCount(1, { timeout: 60_000 });
      expect(await findings(page), 'photos').toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out').toBe(
        true,
      );
      await browser.close();
    });
  }
}

test('without a camera the page says so and offers photos', async () => {
  const { browser, page } = await visit(site.gateway.url, { permissions: ['camera'] });
  await page.getByTestId('camera-start').first().click();
  await expect(page.getByTestId('camera-problem')).toHaveAttribute('data-problem', 'no-camera');
  expect(await findings(page)).toEqual([]);
  await browser.close();
});

test('a refused permission is told, with what to do', async () => {
  const clip = await cameraClip();
  const { browser, page } = await visit(site.gateway.url, {
    clip: clip.path,
    permissions: [],
    args: ['--deny-permission-prompts'],
  });
  await page.getByTestId('camera-start').first().click();
  await expect(page.getByTestId('camera-problem')).toHaveAttribute('data-problem', 'denied');
  await browser.close();
});

test('a camera that another program holds is told', async () => {
  const { browser, page } = await visit('about:blank');
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('in use', 'NotReadableError'));
  });
  await page.goto(site.gateway.url);
  await page.getByTestId('camera-start').first().click();
  await expect(page.getByTestId('camera-problem')).toHaveAttribute('data-problem', 'busy');
  await browser.close();
});

test('without WebAssembly the gateway answers, and the page says why', async () => {
  const { browser, page } = await visit('about:blank');
  // Chromium can't be started without it, so the worker finds it taken away before its first line.
  await page.route('**/turbopack-worker*.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `delete globalThis.WebAssembly;${await response.text()}` });
  });
  await page.goto(site.gateway.url);
  await page.getByTestId('tab-photos').click();
  await page.getByTestId('sample').first().click();
  await expect(page.getByTestId('engine-badge')).toHaveAttribute('data-engine', 'gateway', { timeout: 60_000 });
  await expect(page.getByTestId('model-state')).toContainText('WebAssembly', { timeout: 60_000 });
  await page.getByTestId('sample').nth(1).click();
  await expect(page.getByTestId('reason')).toContainText('WebAssembly', { timeout: 60_000 });
  await browser.close();
});

test('loading the model can be cancelled and taken up again', async () => {
  const { browser, page } = await visit('about:blank');
  const release = await holdWeights(page);
  await page.goto(site.gateway.url);
  await page.getByTestId('model-cancel').click({ timeout: 30_000 });
  await expect(page.getByTestId('model-state')).toHaveAttribute('data-state', 'cancelled');
  release();
  await page.unroute('**/files/model.onnx');
  await page.getByTestId('model-retry').click();
  await expect(page.getByTestId('model-state')).toHaveAttribute('data-state', 'ready', { timeout: 60_000 });
  await browser.close();
});
