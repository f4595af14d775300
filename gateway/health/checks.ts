/**
 * The named checks of the gateway's health: each with what was measured, the limit and, when it fails, what to do.
 * Pure; knows no transport and reads nothing.
 */
import type { Usage } from '../resources/index.ts';

export interface Check {
  readonly ok: boolean;
  /** What was measured, in `unit`; a text where there is nothing to measure. */
  readonly value: number | string;
  /** On this side of which it is well. */
  readonly limit?: number;
  readonly unit?: string;
  /** Why it fails and what to do. */
  readonly message?: string;
}

export type CheckName = 'gpu' | 'model_loaded' | 'memory_available' | 'disk_available' | 'instances' | 'event_loop';
export type Checks = Readonly<Record<CheckName, Check>>;

/** A version that can answer. */
export interface RunningVersion {
  readonly name: string;
  readonly version: number;
  readonly provider: string | undefined;
  /** Processes. */
  readonly instances: number;
  /** At least one instance is up. */
  readonly alive: boolean;
}

export interface Facts {
  readonly usage: Usage;
  /** Every model that is to be served has a version that can answer. */
  readonly ready: boolean;
  readonly running: readonly RunningVersion[];
  /** The operator asked for a GPU by name. */
  readonly wantsGpu: boolean;
}

export interface HealthLimits {
  /** Share, 0 to 1, of the memory limit that may be in use; 0: not checked. */
  readonly memoryShare: number;
  /** Bytes that must be free where the data folder is; 0: not checked. */
  readonly diskBytes: number;
  /** Milliseconds that the event loop may be late; 0: not checked. */
  readonly eventLoopMs: number;
}

const UNCHECKED: Check = { ok: true, value: 'not configured' };
const GPU_PROVIDERS = ['cuda', 'tensorrt', 'webgpu'];

export function check(facts: Facts, limits: HealthLimits): Checks {
  return {
    gpu: gpu(facts),
    model_loaded: modelLoaded(facts),
    memory_available: memory(facts, limits.memoryShare),
    disk_available: disk(facts, limits.diskBytes),
    instances: instances(facts),
    event_loop: eventLoop(facts, limits.eventLoopMs),
  };
}

function gpu({ usage: { gpus }, running, wantsGpu }: Facts): Check {
  if (!wantsGpu) return gpus ? { ok: true, value: gpus.length, unit: 'GPUs' } : UNCHECKED;
  const elsewhere = running.filter(({ provider }) => provider !== undefined && !GPU_PROVIDERS.includes(provider));
  const first = elsewhere[0];
  if (!first) return { ok: true, value: gpus?.length ?? 0, unit: 'GPUs' };
  const message = `${first.name} version ${first.version} runs on ${first.provider}, but TWINLENS_PROVIDER asks for a GPU; the log line provider_fallback says why.`;
  return { ok: false, value: 'not used', message };
}

function modelLoaded({ ready, running }: Facts): Check {
  const measured = { value: running.length, limit: 1, unit: 'versions' };
  if (ready) return { ok: true, ...measured };
  const message = 'A model has no version that can answer: it still loads, or /v1/admin/models says why it failed.';
  return { ok: false, ...measured, message };
}

function memory({ usage: { memoryBytes, memoryLimitBytes } }: Facts, share: number): Check {
  if (share === 0) return UNCHECKED;
  const value = Math.max(0, memoryLimitBytes - memoryBytes);
  const limit = Math.round(memoryLimitBytes * (1 - share));
  if (value >= limit) return { ok: true, value, limit, unit: 'bytes' };
  const message = 'Less memory is left than that: give the gateway more, or fewer instances, versions or models.';
  return { ok: false, value, limit, unit: 'bytes', message };
}

function disk({ usage }: Facts, limit: number): Check {
  if (limit === 0 || !usage.disk) return UNCHECKED;
  const { freeBytes: value } = usage.disk;
  if (value >= limit) return { ok: true, value, limit, unit: 'bytes' };
  const message = 'The disk of the data folder is nearly full: remove versions that nobody needs, or give it more.';
  return { ok: false, value, limit, unit: 'bytes', message };
}

function instances({ running }: Facts): Check {
  const value = running.reduce((sum, version) => sum + version.instances, 0);
  const down = running.find(({ alive }) => !alive);
  if (!down) return { ok: true, value, unit: 'processes' };
  const message = `Every instance of ${down.name} version ${down.version} is down; they are being started again, and twinlens_instance_exits_total counts how often that happened.`;
  return { ok: false, value, limit: 1, unit: 'processes', message };
}

function eventLoop({ usage: { eventLoopMs } }: Facts, limit: number): Check {
  if (limit === 0) return UNCHECKED;
  const value = Math.round(eventLoopMs);
  if (value <= limit) return { ok: true, value, limit, unit: 'ms' };
  const message = 'The gateway’s own process is too busy to answer in time: it needs more processor, or less traffic.';
  return { ok: false, value, limit, unit: 'ms', message };
}
