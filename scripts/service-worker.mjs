/** Compiles the service worker into the exported page, with the list of what it keeps for offline use. */
// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import typescript from 'typescript';
import { filesBelow } from './fingerprint.mjs';
import { reachable } from './mentions.mjs';
import { root } from './run.mjs';

/** Only the plain wasm build is kept beforehand; the WebGPU builds are kept when a device first uses one. */
const LATER = /(?:jspi|asyncify|jsep)[^/]*\.wasm$|\/samples\/.*\.(?:jpg|jpeg|webp|png)$/;
const NEVER = /(?:\.br|\.gz|\.map|\.txt|\/404\.html|\/_not-found\.html|\/service-worker\.js)$/;

/**
 * The built files that only the operator's page needs: without a gateway it is of no use, so visitors don't carry it.
 * @param {readonly string[]} files
 * @param {string} out
 */
function onlyForAdmin(files, out) {
  const pages = (/** @type {string[]} */ ...names) => names.map((name) => join(out, name)).filter(existsSync);
  const visitors = reachable(pages('index.html', '404.html'), files);
  return new Set([...reachable(pages('admin.html'), files)].filter((path) => !visitors.has(path)));
}

/** @param {string} out folder of the export */
export function writeServiceWorker(out) {
  const kept = filesBelow(out).filter((path) => !NEVER.test(path) && !LATER.test(path));
  const admin = onlyForAdmin(kept, out);
  const files = kept.filter((path) => !admin.has(path));
  const urls = files
    .map((path) => `/${relative(out, path).split(sep).join('/')}`)
    .map((url) => (url.endsWith('/index.html') ? url.slice(0, -'index.html'.length) : url.replace(/\.html$/, '')));
  const hash = createHash('sha256');
  for (const path of files) hash.update(readFileSync(path));
  const source = readFileSync(join(root, 'workers', 'service-worker.ts'), 'utf8');
  const { outputText } = typescript.transpileModule(source, {
    compilerOptions: {
      target: typescript.ScriptTarget.ES2022,
      module: typescript.ModuleKind.ESNext,
      removeComments: true,
    },
  });
  const text = outputText
    .replaceAll('__BUILD_ID__', hash.digest('hex').slice(0, 16))
    .replaceAll('__PRECACHE__', JSON.stringify(urls))
    .replace(/^export \{\};?$/m, '');
  writeFileSync(join(out, 'service-worker.js'), text);
}
