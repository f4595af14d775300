/**
 * `npm run bench:setup`: installs what Twinlens is compared with into .cache/bench, each in an environment of its own,
 * with pinned versions and hashes (the .txt files beside this one; made from the .in files with
 * `uv pip compile --generate-hashes --python-version 3.11`). What can't be installed is told, and named in the table.
 *
 *   npm run bench:setup [-- --only fastapi,bentoml,ray,triton]
 */
// @ts-check
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../scripts/run.mjs';
import { environments, installedMark, RIVALS } from './rivals.mjs';

const INSTALL_MS = 900_000;
/** pytriton's interpreter and stubs fit Debian's own Python 3.11, and no later 3.11 built by others. */
const PYTHONS = { triton: ['/usr/bin/python3.11', '/usr/bin/python3'] };
const ANY_PYTHON = ['python3.11', 'python3.12', 'python3'];

/** @param {string} command @param {readonly string[]} args */
const quiet = (command, args) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: INSTALL_MS });

/** @param {string} command */
function fits(command) {
  try {
    quiet(command, ['-c', 'import venv, ensurepip, sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))']);
    return true;
  } catch {
    return false; // Not there, or another version: the next one is tried.
  }
}

/** @param {string} name */
function install(name) {
  const folder = join(environments, name);
  const candidates = name === 'triton' ? PYTHONS.triton : ANY_PYTHON;
  const base = candidates.find(fits);
  if (base === undefined) throw new Error(`needs one of ${candidates.join(', ')}, version 3.11 or 3.12, with venv`);
  rmSync(folder, { recursive: true, force: true });
  quiet(base, ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r'];
  quiet(join(folder, 'bin/python'), [...pip, `bench/rivals/${name}.txt`]);
  writeFileSync(installedMark(name), '');
}

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const only = values.only?.split(',');
mkdirSync(environments, { recursive: true });
for (const { name, title, python } of RIVALS) {
  if (python === undefined || (only && !only.includes(name))) continue;
  const failed = join(environments, `${name}.failed`);
  if (existsSync(installedMark(name))) {
    process.stdout.write(`${title}: there.\n`);
    continue;
  }
  process.stdout.write(`${title}: installing ...\n`);
  try {
    install(name);
    rmSync(failed, { force: true });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const why = said.trim().split('\n').at(-1) ?? 'unknown';
    writeFileSync(failed, `could not be installed: ${why}\n`);
    process.stdout.write(`${title}: could not be installed: ${why}\n`);
  }
}
