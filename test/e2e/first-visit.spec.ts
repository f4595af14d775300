/** What a first visit fetches, and in which order. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { ROOT } from '../support/gateway-process.ts';
import { type Site, startSite, visit } from './site.ts';

let site: Site;
test.beforeAll(async () => {
  site = await startSite();
});
test.afterAll(() => site.close());

test('the document names every script and runtime that the device loads, and no other runtime', async () => {
  const html = readFileSync(join(ROOT, 'out/index.html'), 'utf8');
  const { browser, context, page } = await visit('about:blank');
  const asked: string[] = [];
  context.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(site.gateway.url);
  await expect(page.locator('[data-testid="device-model"][data-version]')).toBeAttached({ timeout: 60_000 });
  // What comes after it is the copy for offline use, of everything.
  const copying = asked.indexOf('/service-worker.js');
  const built = asked
    .slice(0, copying < 0 ? undefined : copying)
    .filter((path) => /^\/_next\/static\/.*\.(?:js|wasm)$/.test(path));
  expect(built.length).toBeGreaterThan(10);
  expect(built.filter((path) => !html.includes(path))).toEqual([]);
  expect([...html.matchAll(/[\w./-]+\.wasm/g)].filter(([path]) => /jspi|asyncify|jsep/.test(path))).toEqual([]);
  await browser.close();
});

test('the copy of the page for offline use waits for the model', async () => {
  const { browser, context, page } = await visit('about:blank');
  const asked: string[] = [];
  context.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(site.gateway.url);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const weights = asked.findIndex((path) => path.endsWith('.onnx'));
  const copy = asked.indexOf('/service-worker.js');
  expect(weights).toBeGreaterThanOrEqual(0);
  expect(copy).toBeGreaterThan(weights);
  await browser.close();
});
