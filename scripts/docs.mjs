/** Writes the pages of docs/ that are made of the code: `npm run docs`. */
// @ts-check
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildGateway } from './build.mjs';
import { root } from './run.mjs';

await buildGateway();
const { configurationPage } = await import(pathToFileURL(join(root, 'dist/gateway/configuration/page.js')).href);
writeFileSync(join(root, 'docs/configuration.md'), configurationPage());
