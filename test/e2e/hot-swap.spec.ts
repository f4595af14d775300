/** A version is published while the page is open: the page changes to it between two frames, and back. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { ROOT } from '../support/gateway-process.ts';
import { nameIn, publish, withdraw } from '../support/model-versions.ts';
import { cameraClip } from './clip.ts';
import { type Site, startSite, type Visit, visit } from './site.ts';

/** Milliseconds for a version to be published, served and loaded by a browser on a busy machine. */
const SWAP_MS = 90_000;

let root: string;
let site: Site;
test.describe.configure({ timeout: 300_000 });
test.beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'twinlens-swap-'));
  publish(root, 1);
  site = await startSite({ TWINLENS_MODELS: root, TWINLENS_POLL_MS: '200' });
});
test.afterEach(async () => {
  await site.close();
  rmSync(root, { recursive: true, force: true });
});

const deviceVersion = (page: Page) => page.getByTestId('device-model');
const isOn = (page: Page, version: number) =>
  expect(deviceVersion(page)).toHaveAttribute('data-version', String(version), { timeout: SWAP_MS });

interface Shown {
  readonly version: string;
  readonly engine: string;
  readonly labels: readonly string[];
}

declare global {
  interface Window {
    /** Different answers that the page has shown, in order, and what went wrong. */
    shown: Shown[];
    faults: string[];
  }
}

/** Notes every answer that is painted from now on. A reload would forget it. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.shown = [];
    window.faults = [];
    const data = (id: string, name: string) =>
      document.querySelector<HTMLElement>(`[data-testid="${id}"]`)?.dataset[name] ?? '';
    new MutationObserver(() => {
      if (document.querySelector('[data-testid="result-empty"]')) window.faults.push('no answer');
      for (const notice of document.querySelectorAll<HTMLElement>('[data-testid="notice"]')) {
        window.faults.push(notice.dataset.code ?? '');
      }
      const labels = [...document.querySelectorAll('[data-testid="prediction"] > :first-child')].map(
        (element) => element.textContent ?? '',
      );
      window.shown.push({ version: data('model-version', 'version'), engine: data('engine-badge', 'engine'), labels });
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  });
}

async function liveOn(mode: string): Promise<Visit> {
  const clip = await cameraClip();
  const opened = await visit(site.gateway.url, { clip: clip.path });
  const { page } = opened;
  await page.getByTestId('mode-select').selectOption(mode);
  // Before the camera, so that the model does not come while the gateway answers thirty frames a second.
  await isOn(page, 1);
  await page.getByTestId('camera-start').first().click();
  await expect(page.getByTestId('engine-badge')).toHaveAttribute('data-engine', 'device', { timeout: 60_000 });
  return opened;
}

/** Versions in the order in which they answered, without repeats. */
const versionsShown = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => window.shown.map(({ version }) => version).filter((version, i, all) => version !== all[i - 1]));

test('live, the page goes over to a new version and back without a gap, in one worker', async () => {
  const { browser, page, problems } = await liveOn('prefer-device');
  const workers = page.workers().length;
  await watch(page);

  publish(root, 2);
  await isOn(page, 2);
  await expect(page.getByTestId('model-version')).toHaveAttribute('data-version', '2');
  await expect(page.getByTestId('model-update')).toHaveText('Now on version 2');
  await expect.poll(() => page.workers().length).toBe(workers);

  withdraw(root, 2);
  await isOn(page, 1);
  await expect(page.getByTestId('model-version')).toHaveAttribute('data-version', '1');
  await expect.poll(() => page.workers().length).toBe(workers);

  expect(await versionsShown(page)).toEqual(['1', '2', '1']);
  const { faults, shown } = await page.evaluate(() => ({ faults: window.faults, shown: window.shown }));
  expect(faults).toEqual([]);
  expect(new Set(shown.map(({ engine }) => engine))).toEqual(new Set(['device']));
  const blended = shown.filter(({ version, labels }) =>
    labels.some((label) => label.endsWith(' of 2') !== (version === '2')),
  );
  expect(blended, 'no answer mixes the classes of two versions').toEqual([]);
  expect(problems).toEqual([]);
  await browser.close();
});

test('where the page may not connect it still finds the new version', async () => {
  const { browser, page } = await liveOn('only-device');
  publish(root, 2);
  await isOn(page, 2);
  await browser.close();
});

test('a version that comes damaged is not taken: the old one goes on, and the page says why', async () => {
  const { browser, page } = await liveOn('prefer-device');
  await page.route('**/versions/2/files/model.onnx', async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
    await route.fulfill({ response, body });
  });
  publish(root, 2);
  const notice = page.locator('[data-testid="notice"][data-code="model-update-failed"]');
  await expect(notice).toContainText('damaged', { timeout: SWAP_MS });
  await expect(notice).toContainText('Version 1 goes on.');
  await expect(deviceVersion(page)).toHaveAttribute('data-version', '1');
  await expect(page.getByTestId('engine-badge')).toHaveAttribute('data-engine', 'device');

  await page.unroute('**/versions/2/files/model.onnx');
  await page.getByTestId('update-retry').click();
  await isOn(page, 2);
  await expect(notice).toHaveCount(0);
  await browser.close();
});

test('a photo keeps its answer and says which version gave it; asked again it is answered by the new one', async () => {
  const { browser, page } = await visit(site.gateway.url);
  await page.getByTestId('tab-photos').click();
  const file = {
    name: 'clock.jpg',
    mimeType: 'image/jpeg',
    buffer: readFileSync(join(ROOT, 'public/samples/clock.jpg')),
  };
  await page.getByTestId('file-input').setInputFiles([file]);
  await expect(page.getByTestId('model-version')).toHaveAttribute('data-version', '1', { timeout: 60_000 });
  await isOn(page, 1);
  const label = (await page.getByTestId('top-label').getAttribute('data-label')) ?? '';
  await expect(page.getByTestId('outdated')).toHaveCount(0);

  publish(root, 2);
  await isOn(page, 2);
  await expect(page.getByTestId('outdated')).toHaveText('Answered by version 1');
  await expect(page.getByTestId('history-outdated')).toHaveText('Answered by version 1');

  await page.getByTestId('file-input').setInputFiles([file]);
  await expect(page.getByTestId('top-label')).toHaveAttribute('data-label', nameIn(2, label), { timeout: 60_000 });
  await expect(page.getByTestId('result')).toHaveAttribute('data-source', 'run');
  await expect(page.getByTestId('outdated')).toHaveCount(0);
  await browser.close();
});

test('a page that was offline catches up when it is back', async () => {
  const { browser, context, page } = await liveOn('prefer-device');
  await context.setOffline(true);
  publish(root, 2);
  await site.gateway.logged((line) => line.model_version === 2 && line.event_type === 'model_loaded', SWAP_MS);
  await expect(page.getByTestId('engine-badge')).toHaveAttribute('data-engine', 'device');
  await expect(deviceVersion(page)).toHaveAttribute('data-version', '1');
  await context.setOffline(false);
  await isOn(page, 2);
  await browser.close();
});
