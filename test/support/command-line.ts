/** The compiled command line as a child process. */
import { spawn } from 'node:child_process';
import { ROOT } from './gateway-process.ts';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const DEADLINE_MS = 120_000;

/** Runs `twinlens ARGS` against `url`; `interrupt` sends it Ctrl+C. */
export function twinlens(
  url: string,
  args: readonly string[],
  { env = {}, interrupt }: { readonly env?: Record<string, string>; readonly interrupt?: Promise<unknown> } = {},
): Promise<CommandResult> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TWINLENS_')));
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/cli/main.js', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...clean, TWINLENS_URL: url, ...env },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  void interrupt?.then(() => child.kill('SIGINT'));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}
