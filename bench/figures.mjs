/** What every benchmark prints by: quantiles of what was measured, and the machine it was measured on. */
// @ts-check
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The value below which `share` of the list lies; NaN of an empty list. @param {readonly number[]} list @param {number} share */
export function quantile(list, share) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** @param {readonly number[]} list */
export const median = (list) => quantile(list, 0.5);

/** Such as "2 x AMD EPYC, Node v20.20.2". */
export const machine = () => `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}`;

/** Resident memory of a process alone, bytes; Linux only. @param {number} pid @returns {number} */
export function ownResidentBytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** Resident memory of a process and all below it, bytes; Linux only. @param {number} pid @returns {number} */
export function residentBytes(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return ownResidentBytes(pid) + children.reduce((sum, child) => sum + residentBytes(Number(child)), 0);
}

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
