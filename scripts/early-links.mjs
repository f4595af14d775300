/**
 * Tells the browser in the exported page itself what the page is going to load by and by, so that it comes side by side:
 * the chunks of the page's second half, the worker's scripts and the runtime. Without it each is found in the one before.
 */
// @ts-check
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { filesBelow } from './fingerprint.mjs';
import { mentioned, reachable } from './mentions.mjs';

/** A runtime that most devices never load, and the script that loads it. */
const OTHER_RUNTIMES = /(?:jspi|asyncify|jsep)[^/]*\.wasm$/;

/** @param {string} out folder of the export */
export function writeEarlyLinks(out) {
  const page = join(out, 'index.html');
  const html = readFileSync(page, 'utf8');
  const files = filesBelow(out).filter((path) => /\.(?:js|wasm)$/.test(path));
  const leadsElsewhere = (/** @type {string} */ path) =>
    mentioned(path, files).some((other) => OTHER_RUNTIMES.test(other));
  const wanted = files.filter((path) => !OTHER_RUNTIMES.test(path) && !leadsElsewhere(path));
  const first = mentioned(page, wanted);
  const second = new Set(first.flatMap((path) => mentioned(path, wanted)).filter((path) => !first.includes(path)));
  const links = [...reachable([page], wanted)]
    .filter((path) => path !== page && !first.includes(path))
    .map((path) => {
      const href = `/${relative(out, path).split(sep).join('/')}`;
      // Not `preload`: what a worker takes, the document leaves unused, and browsers complain of that.
      if (second.has(path)) return `<link rel="modulepreload" fetchPriority="low" href="${href}"/>`;
      return `<link rel="prefetch" as="${path.endsWith('.wasm') ? 'fetch' : 'script'}" href="${href}"/>`;
    });
  if (!html.includes('</head>')) throw new Error(`${basename(page)} has no head to put links into.`);
  writeFileSync(page, html.replace('</head>', `${links.join('')}</head>`));
}
