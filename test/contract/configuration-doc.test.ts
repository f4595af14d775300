/** The page about the configuration is made from the settings themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configurationPage } from '../../gateway/configuration/page.ts';
import { settings, variableOf } from '../../gateway/configuration/settings.ts';
import { ROOT } from '../support/gateway-process.ts';

const page = (name: string) => readFileSync(join(ROOT, name), 'utf8');

test('docs/configuration.md is what `npm run docs` makes of the settings', () => {
  expect(page('docs/configuration.md')).toBe(configurationPage());
});

/** Not the gateway's: compose puts it into the port that it publishes. */
const COMPOSE = 'TWINLENS_PUBLISH';
const pages = [...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`), ...readdirSync(ROOT)];

test.each(pages.filter((name) => name.endsWith('.md')))('%s names no setting that there is not', (name) => {
  const known = new Set([...Object.keys(settings).map(variableOf), 'TWINLENS_CONFIG', COMPOSE]);
  const named = page(name).match(/TWINLENS_[A-Z_]+[A-Z]/g) ?? [];
  expect(named.filter((variable) => !known.has(variable))).toEqual([]);
});
