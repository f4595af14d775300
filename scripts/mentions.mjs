/** What built files lead to: their names carry a hash and are mentioned whole by whatever loads them. */
// @ts-check
import { readFileSync } from 'node:fs';
import { basename, sep } from 'node:path';

/** The built ones of `files` that this file mentions. @param {string} path @param {readonly string[]} files */
export function mentioned(path, files) {
  if (!/\.(?:html|js|mjs|css|ts)$/.test(path)) return [];
  const text = readFileSync(path, 'utf8');
  return files.filter((other) => other.includes(`${sep}_next${sep}`) && text.includes(basename(other)));
}

/**
 * `from` and the files whose names they mention, and theirs, nearest first.
 * @param {readonly string[]} from
 * @param {readonly string[]} files
 */
export function reachable(from, files) {
  const reached = new Set(from);
  // A set that grows while it is walked is walked to its end.
  for (const path of reached) for (const other of mentioned(path, files)) reached.add(other);
  return reached;
}
