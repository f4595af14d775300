/** An operator's way with the real gateway: sign in, bring a new version, serve it, and go back. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { tarOf } from '../../app/lib/admin/tar.ts';
import { parseModels } from '../../core/protocol.ts';
import { ROOT } from '../support/gateway-process.ts';
import { findings } from './axe.ts';
import { type Site, startSite, visit } from './site.ts';

const TOKEN = 'correct-horse-battery';
const NAME = 'efficientnet-lite0';

let site: Site;
let data: string;
test.beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'twinlens-admin-e2e-'));
  site = await startSite({ TWINLENS_DATA: data, TWINLENS_ADMIN_TOKEN: TOKEN });
});
test.afterAll(async () => {
  await site.close();
  await rm(data, { recursive: true, force: true });
});

/** The built-in model as its own next version, packed as the page itself packs folders. */
async function nextVersion(version: number): Promise<Buffer> {
  const folder = join(ROOT, 'models', NAME);
  const paths = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const entries = await Promise.all(
    paths.map(async (path) => {
      const bytes = new Uint8Array(await readFile(join(folder, path)));
      if (path !== 'model.json') return { path, file: new Blob([bytes]) };
      const manifest: Record<string, unknown> = JSON.parse(new TextDecoder().decode(bytes));
      return { path, file: new Blob([JSON.stringify({ ...manifest, version })]) };
    }),
  );
  return Buffer.from(await tarOf(entries).arrayBuffer());
}

async function stable(): Promise<number | undefined> {
  const models = parseModels(await (await fetch(`${site.gateway.url}/v1/models`)).json());
  return models.find(({ name }) => name === NAME)?.labels.stable;
}

test('a new version is handed in, checked, held, tried, promoted, taken back, promoted and rolled back', async () => {
  test.setTimeout(240_000);
  const { browser, page, problems } = await visit(`${site.gateway.url}/admin`);
  await page.getByTestId('sign-in-token').fill(TOKEN);
  await page.getByTestId('sign-in').click();
  const model = page.locator(`[data-testid="model"][data-name="${NAME}"]`);
  await expect(model).toHaveAttribute('data-stable', '1');
  expect(await findings(page), 'signed in').toEqual([]);

  await page
    .getByTestId('model-file')
    .setInputFiles({ name: `${NAME}.tar`, mimeType: 'application/x-tar', buffer: await nextVersion(2) });
  const report = page.getByTestId('report');
  await expect(report).toHaveAttribute('data-state', 'ready', { timeout: 120_000 });
  await expect(report.locator('[data-testid="step"][data-state="passed"]')).toHaveCount(9);
  expect(await findings(page), 'report').toEqual([]);
  await page.getByTestId('publish-hold').check();
  await page.getByTestId('publish').click();
  const second = model.locator('[data-testid="version"][data-version="2"]');
  await expect(second).toHaveAttribute('data-state', 'available', { timeout: 60_000 });
  expect(await stable()).toBe(1);

  await second.getByTestId('try').click();
  await page.getByTestId('trial-file').setInputFiles(join(ROOT, 'public/samples/lighthouse.jpg'));
  await expect(page.getByTestId('verdict')).toHaveAttribute('data-agrees', 'true', { timeout: 30_000 });
  await expect(page.getByTestId('trial-side')).toHaveCount(2);
  await page.keyboard.press('Escape');

  await second.getByTestId('promote').click();
  await page.getByTestId('confirm').click();
  await expect(model).toHaveAttribute('data-stable', '2', { timeout: 60_000 });
  expect(await stable()).toBe(2);
  await page.getByTestId('undo').last().click();
  await expect(model).toHaveAttribute('data-stable', '1', { timeout: 60_000 });
  expect(await stable()).toBe(1);

  await second.getByTestId('promote').click();
  await page.getByTestId('confirm').click();
  await expect(model).toHaveAttribute('data-stable', '2', { timeout: 60_000 });
  await model.getByTestId('rollback').click();
  await page.getByTestId('confirm').click();
  await expect(model).toHaveAttribute('data-stable', '1', { timeout: 60_000 });
  expect(await stable()).toBe(1);
  await expect(page.getByTestId('journal-entry').first()).toBeVisible();
  expect(problems).toEqual([]);
  await browser.close();
});

test('a broken package is refused with its reason, and nothing that serves changes', async () => {
  const { browser, page } = await visit(`${site.gateway.url}/admin`);
  await page.getByTestId('sign-in-token').fill(TOKEN);
  await page.getByTestId('sign-in').click();
  const before = await stable();
  await page
    .getByTestId('model-file')
    .setInputFiles({ name: 'broken.zip', mimeType: 'application/zip', buffer: Buffer.from('no archive at all') });
  const refused = page.locator('[data-testid="report"][data-state="refused"]');
  await expect(refused.locator('[data-testid="step"][data-state="failed"]')).toHaveCount(1, { timeout: 60_000 });
  await refused.getByTestId('discard').click();
  await page.getByTestId('confirm').click();
  await expect(refused).toHaveCount(0);
  expect(await stable()).toBe(before);
  await browser.close();
});
