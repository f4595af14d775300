/** The page about the configuration is made from the settings themselves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configurationPage } from '../../gateway/configuration/page.ts';
import { settings, variableOf } from '../../gateway/configuration/settings.ts';
import { ROOT } from '../support/gateway-process.ts';

const page = (name: string) => readFileSync(join(ROOT, name), 'utf8');

test('docs/configuration.md is what `npm run docs` makes of the settings', () => {
  expect(page('docs/configuration.md')).toBe(configurationPage());
});

test.each(['README.md', 'docs/models.md', 'docs/protocol.md', 'docs/getting-started.md'])(
  '%s names no setting that there is not',
  (name) => {
    const known = new Set([...Object.keys(settings).map(variableOf), 'TWINLENS_CONFIG']);
    const named = page(name).match(/TWINLENS_[A-Z_]+[A-Z]/g) ?? [];
    expect(named.filter((variable) => !known.has(variable))).toEqual([]);
  },
);
