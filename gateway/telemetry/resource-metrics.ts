/** What the gateway uses of its machine, as metrics. Read when they are scraped, from the monitor's last look. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Usage } from '../resources/index.ts';

export interface ResourceMetricsOptions {
  readonly usage: () => Usage;
  /** Versions with the resident memory of each of their instances, bytes. */
  readonly running: () => readonly {
    readonly name: string;
    readonly version: number;
    readonly memoryBytes: readonly number[];
  }[];
}

export interface ResourceMetrics {
  /** A request was refused because memory is nearly used up. */
  shed(): void;
}

export function resourceMetrics(registry: Registry, { usage, running }: ResourceMetricsOptions): ResourceMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number | undefined) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const value = read();
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  gauge(
    'twinlens_memory_bytes',
    'Resident memory of the gateway and its instances; pages that they share count in each.',
    () => usage().ownBytes,
  );
  gauge(
    'twinlens_memory_used_bytes',
    'Memory in use of what twinlens_memory_limit_bytes limits.',
    () => usage().memoryBytes,
  );
  gauge(
    'twinlens_memory_limit_bytes',
    'Memory that the gateway may use: configured, of its control group, or of the machine.',
    () => usage().memoryLimitBytes,
  );
  gauge('twinlens_disk_free_bytes', 'Free space on the disk of the data folder.', () => usage().disk?.freeBytes);

  new Gauge({
    name: 'twinlens_instance_memory_bytes',
    help: 'Resident memory of each instance when it last answered.',
    labelNames: ['model', 'version', 'instance'] as const,
    registers,
    collect() {
      this.reset();
      for (const { name, version, memoryBytes } of running()) {
        for (const [instance, bytes] of memoryBytes.entries()) this.set({ model: name, version, instance }, bytes);
      }
    },
  });
  const gpu = (name: string, help: string, read: (gpu: NonNullable<Usage['gpus']>[number]) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['gpu'] as const,
      registers,
      collect() {
        this.reset();
        for (const one of usage().gpus ?? []) this.set({ gpu: one.index }, read(one));
      },
    });
  gpu('twinlens_gpu_utilisation_ratio', 'Share of time, 0 to 1, that the GPU was busy.', (one) => one.utilisation);
  gpu('twinlens_gpu_memory_used_bytes', 'Memory of the GPU in use, by everybody.', (one) => one.usedBytes);
  gpu('twinlens_gpu_memory_total_bytes', 'Memory of the GPU.', (one) => one.totalBytes);

  const shed = new Counter({
    name: 'twinlens_shed_requests_total',
    help: 'Requests that were refused to save the process, by what was short.',
    labelNames: ['reason'] as const,
    registers,
  });
  shed.inc({ reason: 'memory' }, 0);
  return { shed: () => shed.inc({ reason: 'memory' }) };
}
