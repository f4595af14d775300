/**
 * How much of the machine the gateway takes for itself: processors and memory within the limits of its control
 * groups, and the sizes that follow from them. Pure.
 */
import type { CgroupLimits } from './cgroup.ts';

export interface Machine {
  readonly processors: number;
  readonly memoryBytes: number;
}

export interface Allowance {
  /** Whole processors, at least 1. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** Whose memory is counted against it. Only beyond the `group`'s does the kernel end processes of ours. */
  readonly scope: 'gateway' | 'group' | 'machine';
}

const MIB = 1024 ** 2;
/** The gateway's own process with its buffers: 118 to 176 MB were seen, the latter while 2 GB were uploaded. */
const GATEWAY_BYTES = 200 * MIB;
/** One instance of the built-in model: up to 225 MB were seen. */
const INSTANCE_BYTES = 240 * MIB;
const MOST_HELD_BYTES = 512 * MIB;

/** @param configuredBytes memory that the operator gives it; 0: as much as there is */
export function allow({ cpus, memoryBytes }: CgroupLimits, machine: Machine, configuredBytes: number): Allowance {
  const whole = Math.min(memoryBytes ?? machine.memoryBytes, machine.memoryBytes);
  const given = configuredBytes > 0 ? Math.min(configuredBytes, whole) : whole;
  // A part of a processor is left to the gateway's own thread: two instances on 1.5 processors only take turns.
  const cores = Math.max(1, Math.min(machine.processors, Math.floor(cpus ?? machine.processors)));
  const scope = given < whole ? 'gateway' : whole < machine.memoryBytes ? 'group' : 'machine';
  return { cores, memoryBytes: given, scope };
}

/** Instances that fit, at least 1: a model that doesn't fit at all fails with a reason, not by a setting. */
export const instancesThatFit = ({ memoryBytes }: Allowance): number =>
  Math.max(1, Math.floor((memoryBytes - GATEWAY_BYTES) / INSTANCE_BYTES));

/** Bytes of encoded pictures that all requests together may hold: a quarter, so that most is left for models. */
export const heldBytesThatFit = ({ memoryBytes }: Allowance): number =>
  Math.min(MOST_HELD_BYTES, Math.floor(memoryBytes / 4));
