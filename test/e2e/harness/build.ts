/** Bundles the harness page with the worker and the service worker, as the build does with the real page. Takes a few seconds. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const OUT = fileURLToPath(new URL('../../../.cache/worker-harness', import.meta.url));

/** The folder of the built page. */
export async function buildHarness(): Promise<string> {
  await build({
    root: HERE,
    configFile: false,
    logLevel: 'warn',
    worker: { format: 'es' },
    // Named as Next names them: the service worker goes by that.
    build: {
      outDir: OUT,
      assetsDir: '_next/static',
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 4096,
    },
  });
  const script = 'import("./scripts/service-worker.mjs").then((m) => m.writeServiceWorker(process.argv[1]))';
  execFileSync(process.execPath, ['-e', script, OUT], { cwd: ROOT, stdio: 'inherit' });
  return OUT;
}
