/**
 * Looks at memory, disk, event loop and GPU once a second and keeps the last look, so that asking costs
 * nothing and blocks nobody. Owns its timer; knows no limit that is acted upon.
 */

import { statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Allowance } from './allowance.ts';
import type { Cgroup } from './cgroup.ts';
import type { GpuMeter, GpuUse } from './gpu.ts';

export interface Usage {
  /** Bytes in use of those below: by the gateway, by its control group, or by the whole machine. */
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  /** Resident memory of the gateway and its instances; pages that they share count in each. */
  readonly ownBytes: number;
  /** Of the file system of the data folder; undefined: nothing is kept. */
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | undefined;
  /** Milliseconds that the event loop was late, 99th percentile since the look before. */
  readonly eventLoopMs: number;
  /** Undefined: no GPU. */
  readonly gpus: readonly GpuUse[] | undefined;
}

export interface MonitorOptions {
  readonly allowance: Allowance;
  readonly cgroup: Cgroup;
  /** Resident memory of all instances. */
  readonly instanceBytes: () => number;
  readonly gpu: GpuMeter;
  /** Folder of the gateway's own. */
  readonly data: string | undefined;
  /** Calls `run` once after `ms` milliseconds; returns the way to call it off. */
  readonly after: (ms: number, run: () => void) => () => void;
}

const EVERY_MS = 1000;
/** Looks between two at the GPU: a process has to be started for each. */
const GPU_EVERY = 5;
/** Milliseconds; what the delay of a loop that is not late is measured as. */
const RESOLUTION_MS = 10;

export class ResourceMonitor {
  readonly #options: MonitorOptions;
  readonly #loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #looks = 0;
  #gpus: readonly GpuUse[] | undefined;
  #usage: Usage;
  #stop: () => void = () => undefined;
  #closed = false;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#usage = {
      memoryBytes: 0,
      memoryLimitBytes: options.allowance.memoryBytes,
      ownBytes: 0,
      disk: undefined,
      eventLoopMs: 0,
      gpus: undefined,
    };
  }

  /** The last look. */
  get usage(): Usage {
    return this.#usage;
  }

  /** The first look; resolves when it is done. */
  async start(): Promise<void> {
    this.#loop.enable();
    await this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.#loop.disable();
  }

  async #look(): Promise<void> {
    const { allowance, cgroup, instanceBytes, gpu, data, after } = this.#options;
    if (this.#looks % GPU_EVERY === 0) this.#gpus = await gpu.read();
    this.#looks += 1;
    const [grouped, disk] = await Promise.all([cgroup.usedBytes(), data === undefined ? undefined : diskOf(data)]);
    const ownBytes = process.memoryUsage.rss() + instanceBytes();
    this.#usage = {
      memoryBytes: allowance.scope === 'gateway' ? ownBytes : (grouped ?? totalmem() - freemem()),
      memoryLimitBytes: allowance.memoryBytes,
      ownBytes,
      disk,
      eventLoopMs: this.#loop.count > 0 ? Math.max(0, this.#loop.percentile(99) / 1e6 - RESOLUTION_MS) : 0,
      gpus: this.#gpus,
    };
    this.#loop.reset();
    if (!this.#closed) this.#stop = after(EVERY_MS, () => void this.#look());
  }
}

async function diskOf(folder: string): Promise<Usage['disk']> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return undefined; // The folder is not there yet, or no longer: others say so where it matters.
  }
}
