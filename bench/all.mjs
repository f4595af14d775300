/**
 * Several benchmarks one after another, then the page of them. One that can't run stops no other: the page names it
 * with the reason.
 *
 *   npm run bench [-- --seconds 5]                       all of them
 *   npm run bench:gateway | bench:sockets | ...          those of one part; -- --seconds as well
 */
// @ts-check
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, run } from '../scripts/run.mjs';
import { recordUnable } from './record.mjs';

/** Names of programs beside this one, by part, in the order in which they run. */
const PARTS = {
  gateway: ['http', 'phone', 'latency', 'raw', 'cached', 'overload'],
  sockets: ['sockets'],
  browser: ['browser'],
  simulation: ['simulation'],
};
/** What a benchmark wrote last is its reason. */
const LAST_LINES = 5;
const MOST_MS = 3_600_000;

/** @param {string} name @param {readonly string[]} args @returns {Promise<string | undefined>} why it failed */
function bench(name, args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'bench', `${name}.mjs`), ...args], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'pipe'],
      timeout: MOST_MS,
    });
    let last = '';
    child.stderr.on('data', (part) => {
      process.stderr.write(part);
      last = (last + part)
        .split('\n')
        .slice(-LAST_LINES * 4)
        .join('\n');
    });
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => {
      const why = /^.*Error: .*$/m.exec(last)?.[0] ?? last.trim().split('\n').at(-1);
      resolve(code === 0 ? undefined : `ended with ${code ?? 'a signal'}: ${why}`);
    });
  });
}

const { values, positionals } = parseArgs({ options: { seconds: { type: 'string' } }, allowPositionals: true });
const isPart = (/** @type {string} */ name) => Object.hasOwn(PARTS, name);
const wrong = positionals.find((name) => !isPart(name));
if (wrong !== undefined) throw new Error(`${wrong} is no part; there are ${Object.keys(PARTS).join(', ')}.`);
const asked = Object.entries(PARTS).filter(([part]) => positionals.length === 0 || positionals.includes(part));
const args = values.seconds === undefined ? [] : ['--seconds', values.seconds];
for (const name of asked.flatMap(([, names]) => names)) {
  if (!existsSync(join(root, 'bench', `${name}.mjs`))) continue;
  process.stderr.write(`== ${name}\n`);
  const why = await bench(name, args);
  if (why === undefined) continue;
  process.stderr.write(`== ${name} did not run: ${why}\n`);
  recordUnable(name, why);
  process.exitCode = 1;
}
if ((await run(process.execPath, ['bench/report.mjs'])) !== 0) process.exitCode = 1;
