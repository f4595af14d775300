import { expect, it } from 'vitest';
import { examplesOf, typeErrors } from './doc-examples.ts';

it('every TypeScript example of docs/sdk.md and docs/getting-started.md passes the type check', () => {
  const examples = ['sdk.md'].flatMap(examplesOf);
  expect(examples.length).toBeGreaterThan(5);
  expect(typeErrors(examples)).toEqual([]);
}, 60_000);
