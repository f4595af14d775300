/** Runs a command of this project and waits; the exit code, never an exception, tells how it went. */
// @ts-check
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const require = createRequire(import.meta.url);

/**
 * The script behind a package's command, run by this very Node: independent of PATH and of shells.
 * @param {string} name package
 * @param {string} [command] its command; the package's own name when left out
 */
export function bin(name, command = name) {
  const manifest = require.resolve(`${name}/package.json`);
  const { bin: entry } = require(manifest);
  return join(dirname(manifest), typeof entry === 'string' ? entry : entry[command]);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{env?: Record<string, string | undefined>, cwd?: string}} [options]
 * @returns {Promise<number>} exit code; 1 when a signal ended it
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: 'inherit',
    });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/**
 * Like `run` with this Node; ends the whole process with the child's code when it fails.
 * @param {string} what said when it fails
 * @param {readonly string[]} args
 * @param {{env?: Record<string, string | undefined>}} [options]
 */
export async function must(what, args, options) {
  const code = await run(process.execPath, args, options);
  if (code === 0) return;
  process.stderr.write(`${what} failed with exit code ${code}; the reason stands above.\n`);
  process.exit(code);
}
