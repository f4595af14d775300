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

/** Of a process: its parent and the ticks that it and its ended children used; undefined when it is gone. @param {string} pid */
function processTicks(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + (fields[at] ?? 0), 0);
    return { parent: fields[1] ?? 0, ticks };
  } catch {
    return undefined; // It ended since it was listed.
  }
}

/** Ticks of this process and all below it. */
function familyTicks() {
  const all = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        const found = processTicks(pid);
        return found ? [[Number(pid), found]] : [];
      }),
  );
  const isOurs = (/** @type {number} */ pid) => {
    for (let at = pid; at > 1; at = all.get(at)?.parent ?? 0) if (at === process.pid) return true;
    return false;
  };
  return [...all].reduce((sum, [pid, { ticks }]) => sum + (isOurs(pid) ? ticks : 0), 0);
}

/**
 * What others than this process and those below it take from now on, as a share of all cores: whether a measurement
 * was alone on the machine.
 * @returns {() => number} NaN where it is not known
 */
export function watchOthers() {
  if (process.platform !== 'linux') return () => Number.NaN;
  const before = machineTicks();
  const ours = familyTicks();
  return () => {
    const now = machineTicks();
    return Math.max(0, (now.busy - before.busy - (familyTicks() - ours)) / (now.all - before.all));
  };
}
