/** Tests of the device engine: each has a server with two versions and an open harness page, which must have had no problem. */
import { test as base, expect } from '@playwright/test';
import { type Opened, openHarness, startHarness } from './open.ts';
import type { HarnessServer } from './server.ts';

interface Harness {
  readonly server: HarnessServer;
  readonly opened: Opened;
}

export const test = base.extend<Harness>({
  // Playwright reads from the braces that it needs no other one.
  // biome-ignore lint/correctness/noEmptyPattern: as above
  server: async ({}, use) => {
    const server = await startHarness({ versions: [1, 2] });
    await use(server);
    await server.close();
  },
  opened: async ({ server }, use) => {
    const opened = await openHarness(server.url);
    await use(opened);
    expect(opened.problems).toEqual([]);
    await opened.close();
  },
});
