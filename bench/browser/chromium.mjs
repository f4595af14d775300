/** A real Chromium for one start: its own profile, which a second start may use again. Removes nothing that it did not make. */
// @ts-check
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { chromium } from '@playwright/test';
import { findOrInstallBrowser } from '../../scripts/browser.mjs';
import { watchCpu } from '../cpu.mjs';

/** @typedef {import('@playwright/test').Page} Page */

const PAGE_MS = 60_000;

/** A browser that has just been started still works for itself, for a second or so, on the cores that a page needs. */
const QUIET_SHARE = 0.1;
const LOOK_MS = 250;
const SETTLE_MS = 10_000;

/** Until the machine is quiet, at most SETTLE_MS. Where how busy it is isn't known, at once. */
async function settle() {
  const until = performance.now() + SETTLE_MS;
  let share;
  do {
    const busy = watchCpu();
    await setTimeout(LOOK_MS);
    share = busy().machine;
  } while (share > QUIET_SHARE && performance.now() < until);
}

/**
 * Runs `work` in a browser that is started for it and ended after it; the visitor had it open before.
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
    await settle();
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
