import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { ROOT } from '../support/gateway-process.ts';
import { type Site, startSite, visit } from './site.ts';

const PATH = '/v1/device-reports';
const DEBUG = { TWINLENS_LOG_LEVEL: 'debug' };

/** Has the device classify a photo. */
async function classify(page: Page, name: string): Promise<void> {
  // Until the device has the model, the gateway answers.
  await expect(page.getByTestId('device-model')).toHaveAttribute('data-version', '1', { timeout: 60_000 });
  await page.getByTestId('tab-photos').click();
  await page.getByTestId('file-input').setInputFiles(join(ROOT, 'public/samples', `${name}.jpg`));
  const entry = page.locator(`[data-testid="history-entry"][data-name="${name}.jpg"]`);
  await expect(entry).toHaveCount(1, { timeout: 60_000 });
  expect(await entry.getAttribute('data-engine')).toBe('device');
}

/**
 * The page hears that it is left, and stays. (When it really goes, the browser's tools don't see what it sends, and
 * Chromium loses that where the service worker has to be started for it.)
 */
const leave = (page: Page) => page.evaluate(() => void window.dispatchEvent(new Event('pagehide')));

/** The page's title is the report that it sends; the browser's tools don't show what is in a beacon. */
const showReports = (page: Page) =>
  page.evaluate(() => {
    const send = navigator.sendBeacon.bind(navigator);
    navigator.sendBeacon = (url, data) => {
      if (data instanceof Blob) {
        void data.text().then((text) => {
          document.title = text;
        });
      }
      return send(url, data);
    };
  });

/** Reports that reached the gateway. */
const arrived = ({ gateway }: Site) => gateway.log.filter(({ path }) => path === PATH).length;

async function deviceInferences(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^twinlens_device_inferences_total\{.*\} (\d+)$/gm)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
}

test('an operator who does not ask for reports gets none, and the page says that frames stay', async () => {
  const site = await startSite(DEBUG);
  const { browser, page, problems } = await visit(site.gateway.url);
  await expect(page.getByTestId('privacy')).toHaveText('Frames stay on this device while it can answer', {
    timeout: 60_000,
  });
  await classify(page, 'clock');
  await page.getByTestId('device-toggle').click();
  await expect(page.getByTestId('device-reports')).toHaveCount(0);
  // What would be sent is sent when the page is left.
  await leave(page);
  await page.goto(`${site.gateway.url}/health`);
  await site.gateway.logged(({ path }) => path === '/health');
  expect(arrived(site)).toBe(0);
  expect(problems).toEqual([]);
  await browser.close();
  await site.close();
  expect(arrived(site)).toBe(0);
});

test('one who asks gets numbers when the page is left, the page says so, and only-device sends none', async () => {
  const site = await startSite({ ...DEBUG, TWINLENS_DEVICE_REPORTS: 'on' });
  const { browser, page, problems } = await visit(site.gateway.url);
  const says = (text: string | RegExp) => expect(page.getByTestId('privacy')).toHaveText(text, { timeout: 60_000 });
  await says(/; anonymous timings leave it$/);
  await page.getByTestId('device-toggle').click();
  await expect(page.getByTestId('device-reports')).toBeVisible();

  await page.getByTestId('mode-select').selectOption('only-device');
  await says('Nothing leaves this device');
  await expect(page.getByTestId('device-reports')).toHaveCount(0);
  await classify(page, 'clock');
  await leave(page);
  await page.goto(site.gateway.url);
  await says('Nothing leaves this device');
  expect(arrived(site)).toBe(0);

  await page.getByTestId('mode-select').selectOption('prefer-device');
  await says(/; anonymous timings leave it$/);
  await classify(page, 'lighthouse');
  await showReports(page);
  await leave(page);
  // Numbers by provider, and nothing else.
  await expect(page).toHaveTitle(
    /^\{"timings":\[\{"provider":"(?:wasm|webgpu)","counts":\[[\d,]+\],"seconds":[\d.]+\}\]\}$/,
  );
  await expect.poll(() => deviceInferences(site.gateway.url), { timeout: 20_000 }).toBe(1);
  // The log is written some milliseconds after what it tells of.
  await expect.poll(() => arrived(site), { timeout: 5000 }).toBe(1);
  expect(problems).toEqual([]);
  await browser.close();
  await site.close();
});
