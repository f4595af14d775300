/** The compiled command line as a child process. */
import { spawn } from 'node:child_process';
import { ROOT, withoutOurs } from './gateway-process.ts';
import { type Ended, ended } from './processes.ts';

const DEADLINE_MS = 120_000;

/** Runs `twinlens ARGS` against `url`; `interrupt` sends it Ctrl+C. */
export function twinlens(
  url: string,
  args: readonly string[],
  { env = {}, interrupt }: { readonly env?: Record<string, string>; readonly interrupt?: Promise<unknown> } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/cli/main.js', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withoutOurs(process.env), TWINLENS_URL: url, ...env },
  });
  void interrupt?.then(() => child.kill('SIGINT'));
  return ended(child, DEADLINE_MS);
}
