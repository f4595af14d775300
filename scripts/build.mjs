/** Builds what is stale: the gateway into dist/, the page into out/. `npm start` and `npm test` begin here. */
// @ts-check
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compressFolder } from './compress.mjs';
import { writeEarlyLinks } from './early-links.mjs';
import { fingerprint, isFresh, markFresh } from './fingerprint.mjs';
import { bin, must, root } from './run.mjs';
import { writeServiceWorker } from './service-worker.mjs';

const isSource = (/** @type {string} */ path) => !/\.(test\.tsx?|md)$/.test(path);

/** @param {(line: string) => void} [say] where it is told that something is built */
export async function buildGateway(say = (line) => void process.stdout.write(line)) {
  const print = fingerprint(['gateway', 'cli', 'core', 'client', 'tsconfig.base.json', 'package-lock.json'], isSource);
  if (isFresh('gateway', print, 'dist/gateway/main.js')) return;
  say('Building the gateway ...\n');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  await must('Compiling the gateway', [bin('typescript', 'tsc'), '-p', 'gateway']);
  markFresh('gateway', print);
}

export async function buildPage() {
  const inputs = [
    'app',
    'core',
    'client',
    'workers',
    'public',
    'scripts',
    'next.config.js',
    'tsconfig.base.json',
    'tsconfig.json',
    'package-lock.json',
  ];
  const print = fingerprint(inputs, isSource);
  if (isFresh('page', print, 'out/service-worker.js')) return;
  process.stdout.write('Building the page (about half a minute) ...\n');
  await must('Building the page', [bin('next'), 'build'], {
    env: { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
  });
  const out = join(root, 'out');
  if (!existsSync(join(out, 'index.html'))) throw new Error('next build left no out/index.html');
  writeEarlyLinks(out);
  writeServiceWorker(out);
  await compressFolder(out);
  markFresh('page', print);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await buildGateway();
  await buildPage();
}
