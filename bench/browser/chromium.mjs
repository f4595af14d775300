/** A real Chromium for one start: its own profile, which a second start may use again. Removes nothing that it did not make. */
// @ts-check
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { findOrInstallBrowser } from '../../scripts/browser.mjs';

/** @typedef {import('@playwright/test').Page} Page */

const PAGE_MS = 60_000;

/**
 * Runs `work` in a browser that is started for it and ended after it.
 * @template T
 * @param {(page: Page) => Promise<T>} work
 * @param {{profile?: string, args?: readonly string[]}} [options] profile: a folder to keep; left out: an empty one
 * @returns {Promise<T>}
 */
export async function inBrowser(work, { profile, args = [] } = {}) {
  const folder = profile ?? newProfile();
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: await findOrInstallBrowser(),
    args: ['--no-sandbox', ...args],
    viewport: { width: 1280, height: 800 },
    permissions: ['camera'],
  });
  try {
    context.setDefaultTimeout(PAGE_MS);
    return await work(context.pages()[0] ?? (await context.newPage()));
  } finally {
    await context.close();
    if (profile === undefined) removeProfile(folder);
  }
}

export const newProfile = () => mkdtempSync(join(tmpdir(), 'twinlens-profile-'));

/** @param {string} folder */
export const removeProfile = (folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

/** @returns {Promise<string>} such as "Chromium 156.0" */
export const browserVersion = () =>
  inBrowser(
    async (page) =>
      `Chromium ${page.context().browser()?.version() ?? (await page.evaluate(() => navigator.userAgent))}`,
  );
