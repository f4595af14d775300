/** How busy cores are, by what the kernel counts. Linux only; elsewhere it is not known (NaN). */
// @ts-check
import { readFileSync } from 'node:fs';
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
