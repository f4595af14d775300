/** The operator's page over the real admin API, with models and imports in the test's hands. */
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { DEFAULT_CANARY_LIMITS } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { adminModel } from '../doubles/fake-operations.ts';
import { type AdminServer, startAdminServer } from '../support/admin-server.ts';
import { ROOT } from '../support/gateway-process.ts';
import { findings } from './axe.ts';
import { type Visit, type VisitOptions, visit } from './site.ts';

const TOKEN = 'correct-horse-battery';

let server: AdminServer;
let visits: Visit[] = [];

async function open(token?: string, options: VisitOptions = {}): Promise<Page> {
  server = await startAdminServer({ page: join(ROOT, 'out'), ...(token === undefined ? {} : { token }) });
  server.operations.set(serving(2));
  return show(options);
}

async function show(options: VisitOptions = {}): Promise<Page> {
  const visited = await visit(`${server.url}/admin`, options);
  visits.push(visited);
  return visited.page;
}

test.afterEach(async () => {
  for (const { browser, problems } of visits) {
    await browser.close();
    expect(problems).toEqual([]);
  }
  visits = [];
  await server.close();
});

/** Three versions of a model, of which `stable` is stable. */
function serving(stable: number) {
  const model = adminModel('mini', [1, 2, 3]);
  return {
    ...model,
    labels: { stable },
    stable: 'pinned' as const,
    rollbackTo: 1,
    versions: model.versions.map((entry) => ({ ...entry, labels: entry.version === stable ? ['stable'] : [] })),
  };
}

const versionRow = (page: Page, version: number) => page.locator(`[data-testid="version"][data-version="${version}"]`);

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 360]) {
    test(`axe finds nothing and nothing sticks out, ${colorScheme}, ${width} px`, async () => {
      const page = await open(undefined, { colorScheme, width });
      const clean = async (where: string) => {
        expect(await findings(page), where).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), where).toBe(true);
      };
      const traffic = { windowMs: 300_000, requests: 120, errors: 3, p50Ms: 12, p99Ms: 40 };
      const model = serving(2);
      server.operations.set({
        ...model,
        labels: { stable: 2, canary: 3 },
        canary: {
          version: 3,
          share: 0.1,
          shadow: 0.1,
          limits: DEFAULT_CANARY_LIMITS,
          startedAt: Date.now(),
          seen: { canary: traffic, stable: traffic, shadowed: 12, disagreed: 1 },
        },
        versions: model.versions.map((entry) => {
          if (entry.version === 3) return { ...entry, labels: ['canary'], traffic };
          return entry.version === 1 ? { ...entry, state: 'failed', reason: 'It is broken.', instances: 0 } : entry;
        }),
      });
      await expect(page.getByTestId('canary')).toBeVisible();
      await expect(page.locator('[data-code="loopback"]')).toBeVisible();
      await clean('models');
      await versionRow(page, 3).getByTestId('promote').click();
      await clean('question');
      await page.keyboard.press('Escape');
      await page.getByTestId('canary-change').click();
      await clean('canary');
      await page.keyboard.press('Escape');
      await page
        .getByTestId('model-file')
        .setInputFiles({ name: 'net.onnx', mimeType: 'application/octet-stream', buffer: Buffer.alloc(10) });
      await clean('hints');
      await page.getByTestId('hints-send').click();
      (await server.importer.begun(1)).fail(new TwinlensError('INVALID_ARGUMENT', 'It is no graph.'));
      await expect(page.locator('[data-testid="report"][data-state="refused"]')).toContainText('It is no graph.');
      await clean('refused');
    });
  }
}

test('a wrong token is told in words, the right one opens for this tab, and signing out closes', async () => {
  const page = await open(TOKEN);
  await expect(page.getByTestId('sign-in-panel')).toBeVisible();
  expect(await findings(page)).toEqual([]);
  await page.getByTestId('sign-in-token').fill('a wrong token');
  await page.getByTestId('sign-in').click();
  await expect(page.locator('[data-code="UNAUTHENTICATED"]')).toBeVisible();
  await page.getByTestId('sign-in-token').fill(TOKEN);
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('model')).toBeVisible();
  await page.reload();
  await expect(page.getByTestId('model')).toBeVisible();
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain(TOKEN);
  const other = await show();
  await expect(other.getByTestId('sign-in-panel')).toBeVisible();
  await page.getByTestId('sign-out').click();
  await expect(page.getByTestId('sign-in-panel')).toBeVisible();
  await expect(page.getByTestId('model')).toHaveCount(0);
  await page.reload();
  await expect(page.getByTestId('sign-in-panel')).toBeVisible();
});

test('too many wrong tokens lock this machine out, and the page says for how long', async () => {
  const page = await open(TOKEN);
  for (let guess = 0; guess < 10; guess += 1) {
    await fetch(`${server.url}/v1/admin/session`, { headers: { authorization: 'Bearer no' } });
  }
  await page.reload();
  await expect(page.locator('[data-code="RATE_LIMITED"]')).toContainText(/in \d+ min/);
  await page.getByTestId('sign-in-token').fill(TOKEN);
  await expect(page.getByTestId('sign-in')).toBeDisabled();
});

test('a promotion is asked for, done, and undone by one click; Esc changes nothing and keeps the place', async () => {
  const page = await open();
  const promote = versionRow(page, 3).getByTestId('promote');
  await promote.click();
  await expect(page.getByTestId('effects')).toContainText('version 2 to version 3');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('confirm-dialog')).toHaveCount(0);
  await expect(promote).toBeFocused();
  expect(server.operations.calls).toEqual([]);
  await promote.click();
  await page.getByTestId('confirm').click();
  await expect(page.getByTestId('toast')).toContainText('Version 3 of mini is stable');
  await page.getByTestId('undo').click();
  await expect(page.getByTestId('toast')).toContainText('Taken back');
  expect(server.operations.calls).toEqual(['promote mini 3 admin', 'promote mini 2 admin']);
});

test('a canary begins with the share that was set, and its undo ends it', async () => {
  const page = await open();
  await versionRow(page, 3).getByTestId('more').click();
  await versionRow(page, 3).getByTestId('start-canary').click();
  await page.getByTestId('canary-share').fill('25');
  await expect(page.getByTestId('effects')).toContainText('25');
  await page.getByTestId('confirm').click();
  await expect(page.getByTestId('toast')).toBeVisible();
  expect(server.operations.calls[0]).toContain('"share":0.25');
  await page.getByTestId('undo').click();
  await expect(page.getByTestId('toast')).toContainText('Taken back');
  expect(server.operations.calls[1]).toBe('end-canary mini admin');
});

test('what the gateway refuses is told with its reason and stays', async () => {
  const page = await open();
  await expect(page.getByTestId('model')).toBeVisible();
  server.operations.failure = new TwinlensError('CONFLICT', 'A label names it; move the label first.');
  await versionRow(page, 1).getByTestId('more').click();
  await versionRow(page, 1).getByTestId('unload').click();
  await page.getByTestId('confirm').click();
  await expect(page.locator('[data-testid="toast"][data-code="CONFLICT"]')).toContainText('move the label first');
});

test('a model comes in with its report, and is published as was chosen', async () => {
  const page = await open();
  await page
    .getByTestId('model-file')
    .setInputFiles({ name: 'mini.zip', mimeType: 'application/zip', buffer: Buffer.alloc(50_000) });
  const report = page.getByTestId('report');
  await expect(report).toHaveAttribute('data-state', 'checking');
  (await server.importer.begun(1)).finish();
  await expect(report).toHaveAttribute('data-state', 'ready');
  await expect(report.locator('[data-testid="step"][data-state="passed"]')).toHaveCount(9);
  await page.getByTestId('publish-hold').check();
  await page.getByTestId('publish').click();
  await expect(page.getByTestId('toast')).toContainText('Published version 4 of mini');
  await expect(report).toHaveCount(0);
  expect(server.operations.calls).toContain('hold mini admin');
});

test('a file beyond the limit is refused before it is sent', async () => {
  const page = await open();
  await expect(page.getByTestId('model')).toBeVisible();
  await page
    .getByTestId('model-file')
    .setInputFiles({ name: 'mini.zip', mimeType: 'application/zip', buffer: Buffer.alloc(200_000) });
  await expect(page.locator('[data-code="PAYLOAD_TOO_LARGE"]')).toBeVisible();
  expect(await server.staged()).toEqual([]);
});

test('when the gateway is gone the last picture stays, and it is said since when', async () => {
  const page = await open();
  await expect(page.getByTestId('model')).toBeVisible();
  await page.route('**/v1/admin', (route) => route.abort());
  await expect(page.locator('[data-code="lost"]')).toBeVisible();
  await expect(page.getByTestId('model')).toBeVisible();
  await page.unroute('**/v1/admin');
  await page.getByRole('button', { name: 'Try now' }).click();
  await expect(page.locator('[data-code="lost"]')).toHaveCount(0);
});

test('visitors do not carry the operator’s page, and the pages lead to each other', async () => {
  const page = await open();
  const worker = await (await fetch(`${server.url}/service-worker.js`)).text();
  expect(worker).not.toMatch(/"\/admin/);
  await page.getByTestId('to-camera').click();
  await page.getByTestId('to-admin').click();
  await expect(page.getByTestId('model')).toBeVisible();
});
