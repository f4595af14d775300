/** The published AsyncAPI document beside the schemas that it is made of. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { asyncApi } from './asyncapi.ts';

it('docs/asyncapi.json is what the schemas say (UPDATE_DOCS=1 writes it; then npm run format)', () => {
  const path = new URL('../../docs/asyncapi.json', import.meta.url);
  const made = `${JSON.stringify(asyncApi(packageJson.version), null, 2)}\n`;
  if (process.env.UPDATE_DOCS === '1') writeFileSync(path, made);
  // Compared as data: the formatter may lay the file out in its own way.
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(made));
});
