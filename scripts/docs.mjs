/** Writes the pages of docs/ that are made of the code: `npm run docs`. */
// @ts-check
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildGateway } from './build.mjs';
import { root } from './run.mjs';

await buildGateway();
/** @param {string} module */
const built = (module) => import(pathToFileURL(join(root, 'dist/gateway', module)).href);
const { configurationPage } = await built('configuration/page.js');
writeFileSync(join(root, 'docs/configuration.md'), configurationPage());
const { metricsPage } = await built('telemetry/metrics-page.js');
writeFileSync(join(root, 'docs/metrics.md'), metricsPage());
// Node's own metrics keep timers.
process.exit();
