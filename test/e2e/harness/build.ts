/** Bundles the harness page with the worker, as the page's own bundler does. Takes a few seconds. */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUT = fileURLToPath(new URL('../../../.cache/worker-harness', import.meta.url));

/** The folder of the built page. */
export async function buildHarness(): Promise<string> {
  await build({
    root: HERE,
    configFile: false,
    logLevel: 'warn',
    worker: { format: 'es' },
    build: { outDir: OUT, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 4096 },
  });
  return OUT;
}
