/** A second visit without a network. */
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { ROOT } from '../support/gateway-process.ts';
import { startSite, visit } from './site.ts';

test('a second visit works with the gateway gone: page, model and answers come from this device', async () => {
  const site = await startSite();
  const { browser, context, page, problems } = await visit(site.gateway.url);
  const classify = async (name: string) => {
    await page.getByTestId('tab-photos').click();
    await page.getByTestId('file-input').setInputFiles(join(ROOT, 'public/samples', `${name}.jpg`));
    await expect(page.locator(`[data-testid="history-entry"][data-name="${name}.jpg"]`)).toHaveAttribute(
      'data-engine',
      'device',
      {
        timeout: 60_000,
      },
    );
  };
  await page.getByTestId('mode-select').selectOption('only-device');
  await classify('lighthouse');
  // The service worker has kept the page once it is active.
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await site.close();
  await context.setOffline(true);
  await page.reload();
  await classify('clock');
  // Its own cache is the browser's to drop; what the service worker has kept must do without.
  await (await context.newCDPSession(page)).send('Network.clearBrowserCache');
  await page.reload();
  await classify('parachute');
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(problems).toEqual([]);
  await browser.close();
});
