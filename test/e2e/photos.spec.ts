/** Photos as a visitor hands them in, their answers and their history. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { z } from 'zod';
import { ROOT } from '../support/gateway-process.ts';
import { type Site, startSite, visit } from './site.ts';

const samples = z
  .array(z.object({ file: z.string(), classIndex: z.int() }))
  .parse(JSON.parse(readFileSync(join(ROOT, 'public/samples/samples.json'), 'utf8')))
  .map(({ file, classIndex }) => ({ path: join(ROOT, 'public/samples', file), file, classIndex }));
const classNames = z
  .array(z.string())
  .parse(JSON.parse(readFileSync(join(ROOT, 'models/efficientnet-lite0/classes.json'), 'utf8')));
const fixture = (file: string) => join(ROOT, 'test/fixtures/images', file);

let site: Site;
test.beforeAll(async () => {
  site = await startSite();
});
test.afterAll(() => site.close());

async function choose(page: Page, mode: string, paths: readonly string[]): Promise<void> {
  await page.getByTestId('mode-select').selectOption(mode);
  await page.getByTestId('tab-photos').click();
  await page.getByTestId('file-input').setInputFiles([...paths]);
}

const answered = (page: Page) => page.locator('[data-testid="photo-item"][data-state="answered"]');

for (const [mode, engine] of [
  ['only-device', 'device'],
  ['only-gateway', 'gateway'],
] as const) {
  test(`several photos at once are each answered with the right class: ${mode}`, async () => {
    const { browser, page, problems } = await visit(site.gateway.url);
    await choose(
      page,
      mode,
      samples.map(({ path }) => path),
    );
    await expect(answered(page)).toHaveCount(samples.length, { timeout: 60_000 });
    const download = page.waitForEvent('download');
    await page.getByTestId('export-json').click();
    const exported = z
      .object({
        entries: z.array(
          z.object({
            name: z.string(),
            engine: z.string(),
            cached: z.boolean(),
            predictions: z.array(z.object({ label: z.string() })),
          }),
        ),
      })
      .parse(JSON.parse(readFileSync(await (await download).path(), 'utf8')));
    for (const { file, classIndex } of samples) {
      const entry = exported.entries.find(({ name }) => name === file);
      expect(entry, file).toMatchObject({ engine, cached: false });
      expect(entry?.predictions[0]?.label).toBe(classNames[classIndex]);
      expect(entry?.predictions).toHaveLength(5);
    }
    expect(problems).toEqual([]);
    await browser.close();
  });
}

test('a photo seen before is answered from the cache, says so, and is computed anew after clearing', async () => {
  const { browser, page } = await visit(site.gateway.url);
  const [first] = samples;
  if (!first) throw new Error('there are no samples');
  await choose(page, 'only-device', [first.path]);
  await expect(answered(page)).toHaveCount(1, { timeout: 60_000 });
  await expect(page.getByTestId('cached-badge')).toHaveCount(0);
  await page.reload();
  await choose(page, 'only-device', [first.path]);
  await expect(page.getByTestId('cached-badge')).toBeVisible({ timeout: 60_000 });
  await page.getByTestId('device-toggle').click();
  await expect(page.getByTestId('cache-count')).toHaveAttribute('data-count', '1');
  await page.getByTestId('cache-clear').click();
  await expect(page.getByTestId('cache-count')).toHaveAttribute('data-count', '0');
  await browser.close();
});

test('a file that is no picture fails with words, and the others are answered', async () => {
  const { browser, page } = await visit(site.gateway.url);
  const [first] = samples;
  if (!first) throw new Error('there are no samples');
  await choose(page, 'prefer-device', [fixture('page.jpg'), fixture('truncated.jpg'), first.path]);
  await expect(page.locator('[data-testid="photo-item"][data-state="failed"]')).not.toHaveCount(0, { timeout: 60_000 });
  await expect(answered(page)).not.toHaveCount(0, { timeout: 60_000 });
  await browser.close();
});

test('a sample can be tried without a camera or a photo', async () => {
  const { browser, page } = await visit(site.gateway.url);
  await page.getByTestId('tab-photos').click();
  await page.getByTestId('sample').first().click();
  await expect(page.getByTestId('top-label')).toBeVisible({ timeout: 60_000 });
  await browser.close();
});

test('a photo can be dropped and pasted', async () => {
  const { browser, page } = await visit(site.gateway.url);
  await expect(page.getByTestId('mode-select')).toBeEnabled();
  const bytes = readFileSync(samples[1]?.path ?? '').toString('base64');
  for (const type of ['drop', 'paste'] as const) {
    await page.evaluate(
      async ({ type: kind, data }) => {
        const blob = new Blob([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))]);
        const transfer = new DataTransfer();
        transfer.items.add(new File([blob], `${kind}.jpg`, { type: 'image/jpeg' }));
        const event =
          kind === 'drop'
            ? new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true })
            : new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true });
        (kind === 'drop' ? document.body : document).dispatchEvent(event);
      },
      { type, data: bytes },
    );
    await expect(page.locator(`[data-testid="history-entry"][data-name="${type}.jpg"]`)).toHaveCount(1, {
      timeout: 60_000,
    });
  }
  await browser.close();
});

test('the history is exported as CSV, and clearing it can be undone', async () => {
  const { browser, page } = await visit(site.gateway.url);
  await choose(
    page,
    'only-gateway',
    samples.slice(0, 2).map(({ path }) => path),
  );
  await expect(page.getByTestId('history-entry')).toHaveCount(2, { timeout: 60_000 });
  const download = page.waitForEvent('download');
  await page.getByTestId('export-csv').click();
  const rows = readFileSync(await (await download).path(), 'utf8')
    .trim()
    .split('\r\n');
  expect(rows).toHaveLength(3);
  expect(rows[0]).toContain('label1');
  await page.getByTestId('history-clear').click();
  await expect(page.getByTestId('history-entry')).toHaveCount(0);
  await page.getByTestId('history-undo').click();
  await expect(page.getByTestId('history-entry')).toHaveCount(2);
  await browser.close();
});
