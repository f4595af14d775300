/** What the system tells of processes. */
import { execFileSync } from 'node:child_process';

/** One row a process: its id, its parent's and its resident memory in bytes. */
function table(): { readonly pid: number; readonly parent: number; readonly bytes: number }[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss='], { encoding: 'utf8' });
  return text.split('\n').map((line) => {
    const [pid = 0, parent = 0, kibibytes = 0] = line.trim().split(/\s+/).map(Number);
    return { pid, parent, bytes: kibibytes * 1024 };
  });
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
