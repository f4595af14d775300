/** The examples of the documentation: type-checked, and run where they say so. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts';
import { examplesOf, root, typeErrors } from './doc-examples.ts';

const examples = ['sdk.md', 'getting-started.md'].flatMap(examplesOf);

it('every TypeScript example of docs/sdk.md and docs/getting-started.md passes the type check', () => {
  expect(examples.length).toBeGreaterThan(5);
  expect(typeErrors(examples)).toEqual([]);
}, 60_000);

describe('examples that say so run against the real gateway', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(async () => {
    await gateway?.stop();
  });

  const runnable = examples.filter((example) => example.kind === 'run');
  it.each(runnable.map((example) => ({ name: example.file.split('/').at(-1) ?? '', ...example })))(
    '$name',
    async ({ name, text, prints }) => {
      const here = text
        .replaceAll('http://localhost:8080', gateway.url)
        .replaceAll("'photo.jpg'", JSON.stringify(`${root}public/samples/clock.jpg`))
        .replaceAll("'./dist/", "'../dist/");
      // One folder below the root, as docs/ is, so that the imports of the example hold.
      mkdirSync(`${root}.cache`, { recursive: true });
      const file = `${root}.cache/${name}`;
      writeFileSync(file, here);
      const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
      try {
        await import(/* @vite-ignore */ file);
        expect(printed).toHaveBeenCalled();
        const lines = printed.mock.calls.map((call) => `${call.join(' ')}\n`).join('');
        if (prints !== undefined) expect(lines).toBe(prints);
      } finally {
        printed.mockRestore();
      }
    },
  );
});
