import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { ROOT } from '../support/gateway-process.ts';
import { startSite, visit } from './site.ts';

const PATH = '/v1/device-reports';

/** Has the device classify a photo. */
async function classify(page: Page, name: string): Promise<void> {
  await page.getByTestId('tab-photos').click();
  await page.getByTestId('file-input').setInputFiles(join(ROOT, 'public/samples', `${name}.jpg`));
  const entry = page.locator(`[data-testid="history-entry"][data-name="${name}.jpg"]`);
  await expect(entry).toHaveCount(1, { timeout: 60_000 });
  expect(await entry.getAttribute('data-engine')).toBe('device');
}

const isReport = (url: string) => new URL(url).pathname === PATH;

async function deviceInferences(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^twinlens_device_inferences_total\{.*\} (\d+)$/gm)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
}

test('an operator who does not ask for reports gets none, and the page says that nothing leaves the device', async () => {
  const site = await startSite();
  const { browser, page, problems } = await visit(site.gateway.url);
  const sent: string[] = [];
  page.on('request', (request) => {
    if (isReport(request.url())) sent.push(request.url());
  });
  await page.getByTestId('mode-select').selectOption('prefer-device');
  await expect(page.getByTestId('privacy')).toHaveText(/^Nothing leaves this device /, { timeout: 60_000 });
  await classify(page, 'clock');
  await page.getByTestId('device-toggle').click();
  await expect(page.getByTestId('device-reports')).toHaveCount(0);
  // What would be sent is sent when the page is left.
  await page.goto(`${site.gateway.url}/health`);
  expect(sent).toEqual([]);
  expect(problems).toEqual([]);
  await browser.close();
  await site.close();
});

test('one who asks gets numbers when the page is left, the page says so, and only-device sends none', async () => {
  const site = await startSite({ TWINLENS_DEVICE_REPORTS: 'on' });
  const { browser, page, problems } = await visit(site.gateway.url);
  const bodies: (string | null)[] = [];
  page.on('request', (request) => {
    if (isReport(request.url())) bodies.push(request.postData());
  });
  await expect(page.getByTestId('privacy')).toHaveText(/^Only anonymous timings /, { timeout: 60_000 });
  await page.getByTestId('device-toggle').click();
  await expect(page.getByTestId('device-reports')).toBeVisible();

  await page.getByTestId('mode-select').selectOption('only-device');
  await expect(page.getByTestId('privacy')).toHaveText('Nothing leaves this device');
  await expect(page.getByTestId('device-reports')).toHaveCount(0);
  await classify(page, 'clock');
  await page.goto(`${site.gateway.url}/health`);
  expect(bodies).toEqual([]);
  expect(await deviceInferences(site.gateway.url)).toBe(0);

  await page.goto(site.gateway.url);
  await page.getByTestId('mode-select').selectOption('prefer-device');
  await expect(page.getByTestId('privacy')).toHaveText(/^Only anonymous timings /, { timeout: 60_000 });
  await classify(page, 'lighthouse');
  await page.goto(`${site.gateway.url}/health`);
  await expect.poll(() => deviceInferences(site.gateway.url), { timeout: 20_000 }).toBe(1);
  // Numbers by provider, and nothing else.
  expect(bodies).toHaveLength(1);
  expect(bodies[0]).toMatch(
    /^\{"timings":\[\{"provider":"(?:wasm|webgpu)","counts":\[[\d,]+\],"seconds":[\d.]+\}\]\}$/,
  );
  expect(problems).toEqual([]);
  await browser.close();
  await site.close();
});
