/**
 * From published to served: seconds between the rename that publishes a version in the folder of models and the
 * first answer by it, from the gateway and on a page that is open meanwhile and classifies on the device.
 *
 *   node bench/publish.mjs [--rounds 10]
 *
 * Builds the page and finds or installs a Chromium as the tests do.
 */
// @ts-check
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { findOrInstallBrowser } from '../scripts/browser.mjs';
import { buildPage } from '../scripts/build.mjs';
import { machine, median, pause } from './figures.mjs';
import { picture, startGateway } from './gateway.mjs';
import { prepare, publish } from './versions.mjs';

const MODEL = 'efficientnet-lite0';
const SERVED_MS = 60_000;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' } } });
const rounds = Number(values.rounds);

await buildPage();
const gateway = await startGateway({
  env: { TWINLENS_PAGE: 'out' },
  fill: (models) => {
    prepare(models, MODEL, 1);
    publish(models, 1);
  },
});
const browser = await chromium.launch({ executablePath: await findOrInstallBrowser(), args: ['--no-sandbox'] });

/** @param {number} version @param {number} from */
async function byGateway(version, from) {
  while (performance.now() - from < SERVED_MS) {
    const { status, text } = await gateway.send('/v1/classify', { method: 'POST', body: picture(0) });
    if (status !== 200) throw new Error(text);
    if (JSON.parse(text).version === version) return (performance.now() - from) / 1000;
    await pause(50);
  }
  throw new Error(`The gateway did not serve version ${version} within ${SERVED_MS / 1000} s.`);
}

/** @param {readonly number[]} list */
const row = (list) =>
  `median ${median(list).toFixed(2)} s, ${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)} s`;

try {
  const page = await browser.newPage();
  await page.goto(gateway.base);
  const onPage = async (/** @type {number} */ version) => {
    await page
      .locator(`[data-testid="device-model"][data-version="${version}"]`)
      .waitFor({ state: 'attached', timeout: SERVED_MS });
    return performance.now();
  };
  await onPage(1);
  /** @type {number[]} */
  const served = [];
  /** @type {number[]} */
  const shown = [];
  for (let version = 2; version < rounds + 2; version += 1) {
    prepare(gateway.models, MODEL, version);
    await pause(1000);
    const from = performance.now();
    publish(gateway.models, version);
    const [first, last] = await Promise.all([byGateway(version, from), onPage(version)]);
    served.push(first);
    shown.push((last - from) / 1000);
  }
  process.stdout.write(
    [
      `${machine()}, Chromium ${browser.version()}; ${rounds} versions published one after another`,
      `published to served by the gateway: ${row(served)}`,
      `published to served by an open page: ${row(shown)}`,
      '',
    ].join('\n'),
  );
} finally {
  await browser.close();
  await gateway.stop();
}
