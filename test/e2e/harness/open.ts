/** Opens the harness page in the real Chromium. */
import { type Browser, chromium, type Page, type Worker } from '@playwright/test';
import { buildHarness } from './build.ts';
import { type HarnessOptions, type HarnessServer, startHarnessServer } from './server.ts';

let building: Promise<string> | undefined;

export async function startHarness(options: Omit<HarnessOptions, 'folder'> = {}): Promise<HarnessServer> {
  building ??= buildHarness();
  return startHarnessServer({ ...options, folder: await building });
}

export interface Opened {
  readonly browser: Browser;
  readonly page: Page;
  readonly problems: readonly string[];
  close(): Promise<void>;
}

/** A browser of its own with an empty profile. */
export async function openHarness(url: string, args: readonly string[] = []): Promise<Opened> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', ...args],
  });
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  await visitHarness(page, url);
  return { browser, page, problems, close: () => browser.close() };
}

export async function visitHarness(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => 'harness' in window);
}

/** The engine's own worker; the runtime's threads are workers too, and asleep for good. */
export function engineWorker(page: Page): Worker {
  const found = page.workers().find((worker) => worker.url().includes('inference-worker'));
  if (!found) throw new Error('The page has no inference worker.');
  return found;
}
