/** How busy cores are, by what the kernel counts. Linux only; elsewhere it is not known (NaN). */
// @ts-check
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

export const cores = availableParallelism();

/** @returns {{busy: number, all: number}} in ticks since the start of the machine, all cores together */
export function machineTicks() {
  if (process.platform !== 'linux') return { busy: Number.NaN, all: Number.NaN };
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = user + nice + system + irq + softirq;
  return { busy, all: busy + idle + wait + steal };
}

/**
 * What was worked between now and the call of what it gives: shares of all cores.
 * @returns {() => {machine: number, own: number}} `own`: by this process
 */
export function watchCpu() {
  const ticks = machineTicks();
  const usage = process.cpuUsage();
  const from = performance.now();
  return () => {
    const now = machineTicks();
    const { user, system } = process.cpuUsage(usage);
    return {
      machine: (now.busy - ticks.busy) / (now.all - ticks.all),
      own: (user + system) / 1000 / ((performance.now() - from) * cores),
    };
  };
}

/**
 * Of a process: its parent and the ticks that it and its ended children used; undefined when it is gone. The first
 * process inherits orphans, a closed browser's among them: what those used is not its own.
 * @param {number} pid
 */
function processTicks(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const counted = pid === 1 ? [11, 12] : [11, 12, 13, 14];
    return { parent: fields[1] ?? 0, ticks: counted.reduce((sum, at) => sum + (fields[at] ?? 0), 0) };
  } catch {
    return undefined; // It ended since it was listed.
  }
}

/** Every process that is neither this one nor below it. @returns {Map<number, {parent: number, ticks: number}>} */
function otherProcesses() {
  const all = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        const found = processTicks(Number(name));
        return found ? [[Number(name), found]] : [];
      }),
  );
  const isOurs = (/** @type {number} */ pid) => {
    for (let at = pid; at > 1; at = all.get(at)?.parent ?? 0) if (at === process.pid) return true;
    return false;
  };
  return new Map([...all].filter(([pid]) => !isOurs(pid)));
}

/**
 * What others than this process and those below it take from now on, as a share of all cores: whether a measurement
 * was alone on the machine. Counts them, not what is missing in our own: a browser that is closed takes its figures along.
 * @returns {() => number} NaN where it is not known
 */
export function watchOthers() {
  if (process.platform !== 'linux') return () => Number.NaN;
  const { all } = machineTicks();
  const before = otherProcesses();
  return () => {
    let taken = 0;
    for (const [pid, { parent, ticks }] of otherProcesses()) {
      const known = before.get(pid);
      // An orphan that is new is most likely our own, a closing browser's, which still has to end.
      if (known || parent !== 1) taken += ticks - (known?.ticks ?? 0);
    }
    return Math.max(0, taken / (machineTicks().all - all));
  };
}
