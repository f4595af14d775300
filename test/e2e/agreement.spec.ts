/** How alike the twins are: device and gateway on the same photos, from their pixels and from their files. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import sharp from 'sharp';
import { z } from 'zod';
import { parseClassification } from '../../core/protocol.ts';
import { ROOT } from '../support/gateway-process.ts';
import { type LabelledPhoto, labelledPhotos, NO_SHARED, sharedDir, wnids } from '../support/shared-photos.ts';
import { type Site, startSite, visit } from './site.ts';

/** Photos that the page takes in one go; its history holds 200. */
const LOT = 60;
const exportSchema = z.object({
  entries: z.array(
    z.object({
      name: z.string(),
      engine: z.string(),
      predictions: z.array(z.object({ label: z.string(), index: z.int(), score: z.number() })),
    }),
  ),
});
type Predictions = z.infer<typeof exportSchema>['entries'][number]['predictions'];

const scratch = mkdtempSync(join(tmpdir(), 'twinlens-agreement-'));
let site: Site;
test.beforeAll(async () => {
  site = await startSite({ TWINLENS_QUEUE_MAX: '1000', TWINLENS_QUEUE_MS: '0' });
});
test.afterAll(async () => {
  await site.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** What the page answers on the device, by file name, in lots as a visitor would drop them. */
async function onDevice(page: Page, paths: readonly string[]): Promise<ReadonlyMap<string, Predictions>> {
  const answers = new Map<string, Predictions>();
  await page.getByTestId('mode-select').selectOption('only-device');
  await page.getByTestId('tab-photos').click();
  for (let at = 0; at < paths.length; at += LOT) {
    const lot = paths.slice(at, at + LOT);
    await page.getByTestId('file-input').setInputFiles([...lot]);
    await expect(page.locator('[data-testid="photo-item"][data-state="answered"]')).toHaveCount(lot.length, {
      timeout: 120_000,
    });
    const download = page.waitForEvent('download');
    await page.getByTestId('export-json').click();
    const { entries } = exportSchema.parse(JSON.parse(readFileSync(await (await download).path(), 'utf8')));
    for (const entry of entries) {
      expect(entry.engine).toBe('device');
      answers.set(entry.name, entry.predictions);
    }
    await page.getByTestId('photos-clear').click();
    await page.getByTestId('history-clear').click();
  }
  return answers;
}

async function throughGateway(path: string): Promise<Predictions> {
  const response = await fetch(`${site.gateway.url}/v1/classify?top=5`, { method: 'POST', body: readFileSync(path) });
  expect(response.status, path).toBe(200);
  return [...parseClassification(await response.json()).predictions];
}

const all = (): readonly LabelledPhoto[] =>
  (['hero', 'caltech101_ccby', 'imagenet_sample_200'] as const).flatMap(labelledPhotos);

/** Own samples stand in where the real photos are not: fewer, but the same rule. */
function pictures(): readonly { name: string; path: string }[] {
  const real = all();
  if (real.length > 0) return real;
  process.stdout.write(`Only our own samples are compared: ${NO_SHARED}.\n`);
  const samples = z
    .array(z.object({ file: z.string() }))
    .parse(JSON.parse(readFileSync(join(ROOT, 'public/samples/samples.json'), 'utf8')));
  return samples.map(({ file }) => ({ name: file, path: join(ROOT, 'public/samples', file) }));
}

test('from the same pixels device and gateway name the same class, with scores within 1e-3', async () => {
  test.setTimeout(600_000);
  const folder = join(scratch, 'pixels');
  mkdirSync(folder);
  const paths: string[] = [];
  for (const { name, path } of pictures()) {
    const png = join(folder, `${paths.length}-${name.replace(/\.\w+$/, '')}.png`);
    await sharp(path)
      .autoOrient()
      .toColourspace('srgb')
      .flatten({ background: '#fff' })
      .png({ compressionLevel: 1 })
      .toFile(png);
    paths.push(png);
  }
  const { browser, page } = await visit(site.gateway.url);
  const device = await onDevice(page, paths);
  await browser.close();
  let largest = 0;
  for (const path of paths) {
    const name = path.slice(folder.length + 1);
    const own = device.get(name);
    const other = await throughGateway(path);
    expect(own?.[0]?.index, name).toBe(other[0]?.index);
    for (const { index, score } of other) {
      const twin = own?.find((prediction) => prediction.index === index);
      if (twin) largest = Math.max(largest, Math.abs(twin.score - score));
    }
  }
  process.stdout.write(`${paths.length} pictures, largest difference of a score ${largest.toExponential(2)}\n`);
  expect(largest).toBeLessThanOrEqual(1e-3);
});

test('of large JPEGs, also turned ones, both decode the same part: the same class, with scores within 1e-3', async () => {
  test.setTimeout(120_000);
  const folder = join(scratch, 'large');
  mkdirSync(folder);
  const sizes = [
    [1500, 1125, false],
    [1500, 1125, true],
    [2600, 2100, false],
  ] as const;
  const paths: string[] = [];
  for (const { path } of pictures().slice(0, 4)) {
    for (const [width, height, progressive] of sizes) {
      for (const orientation of [1, 6]) {
        const file = join(folder, `${paths.length}.jpg`);
        const large = sharp(path).autoOrient().toColourspace('srgb').flatten({ background: '#fff' });
        await large.resize(width, height).withMetadata({ orientation }).jpeg({ quality: 90, progressive }).toFile(file);
        paths.push(file);
      }
    }
  }
  const { browser, page } = await visit(site.gateway.url);
  const device = await onDevice(page, paths);
  await browser.close();
  for (const path of paths) {
    const name = path.slice(folder.length + 1);
    const own = device.get(name);
    const other = await throughGateway(path);
    expect(own?.[0]?.index, name).toBe(other[0]?.index);
    expect(Math.abs((own?.[0]?.score ?? 0) - (other[0]?.score ?? 1)), name).toBeLessThanOrEqual(1e-3);
  }
});

test('from the same files both are right on at least 175 of 200 photos and agree on at least 99.5 % of all', async () => {
  test.skip(!sharedDir, NO_SHARED);
  test.setTimeout(600_000);
  const photos = all();
  const order = wnids();
  const { browser, page } = await visit(site.gateway.url);
  const device = await onDevice(
    page,
    photos.map(({ path }) => path),
  );
  await browser.close();
  const right = { device: 0, gateway: 0 };
  let agreed = 0;
  for (const { name, path, wnid } of photos) {
    const own = device.get(name)?.[0]?.index;
    const other = (await throughGateway(path))[0]?.index;
    if (own === other) agreed += 1;
    if (!path.includes('imagenet_sample_200')) continue;
    if (order[own ?? -1] === wnid) right.device += 1;
    if (order[other ?? -1] === wnid) right.gateway += 1;
  }
  process.stdout.write(
    `Right of 200: device ${right.device}, gateway ${right.gateway}; same class on ${agreed} of ${photos.length}\n`,
  );
  expect(right.device).toBeGreaterThanOrEqual(175);
  expect(right.gateway).toBeGreaterThanOrEqual(175);
  expect(agreed / photos.length).toBeGreaterThanOrEqual(0.995);
});
