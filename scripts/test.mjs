/** `npm test`: builds what is stale, then unit, contract, integration and browser tests. */
// @ts-check

import { findOrInstallBrowser } from './browser.mjs';
import { buildGateway, buildPage } from './build.mjs';
import { bin, run } from './run.mjs';
import { forget, line, reportFile, tally } from './tally.mjs';

const names = ['vitest', 'playwright'];
forget(names);
const browser = await findOrInstallBrowser();
process.stdout.write(`Browser: ${browser}\n`);
await buildGateway();
await buildPage();

const codes = [
  await run(
    process.execPath,
    [bin('vitest'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile('vitest')}`],
    { env: { CHROMIUM_PATH: browser } },
  ),
  await run(process.execPath, [bin('@playwright/test', 'playwright'), 'test', '--reporter=list,json'], {
    env: { CHROMIUM_PATH: browser, PLAYWRIGHT_JSON_OUTPUT_NAME: reportFile('playwright') },
  }),
];

process.stdout.write(`\n${line(tally(names))}\n`);
process.exitCode = codes.every((code) => code === 0) ? 0 : 1;
