/** What the system tells of processes. */
import { type ChildProcessByStdio, execFileSync } from 'node:child_process';
import type { Readable } from 'node:stream';

/** One row a process: its id, its parent's and its resident memory in bytes. */
function table(): { readonly pid: number; readonly parent: number; readonly bytes: number }[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss='], { encoding: 'utf8' });
  return text.split('\n').map((line) => {
    const [pid = 0, parent = 0, kibibytes = 0] = line.trim().split(/\s+/).map(Number);
    return { pid, parent, bytes: kibibytes * 1024 };
  });
}

/** Whether there is such a process. */
export function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Process ids of the children of `pid`. */
export function childrenOf(pid: number): number[] {
  return table()
    .filter(({ parent }) => parent === pid)
    .map((row) => row.pid);
}

/** Resident memory of `pid` and its children, bytes. */
export function memoryOf(pid: number): number {
  return table()
    .filter((row) => row.pid === pid || row.parent === pid)
    .reduce((sum, { bytes }) => sum + bytes, 0);
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** All that a process says until it ends; it is killed when that takes longer than `deadlineMs`. */
export function ended(child: ChildProcessByStdio<null, Readable, Readable>, deadlineMs: number): Promise<Ended> {
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
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
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
  });
}
