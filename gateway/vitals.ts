/** Puts together what the gateway knows of its own condition: the monitor, the metrics of it, the watermark, health. */
import type { Configuration } from './configuration/index.ts';
import { Health } from './health/index.ts';
import { type Allowance, type Cgroup, GpuMeter, memoryWatermark, ResourceMonitor } from './resources/index.ts';
import type { ServingRegistry } from './serving/index.ts';
import { type Log, type Metrics, resourceMetrics } from './telemetry/index.ts';

export interface VitalsOptions {
  readonly configuration: Configuration;
  readonly allowance: Allowance;
  readonly cgroup: Cgroup;
  readonly registry: ServingRegistry;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: { now(): number; after(ms: number, run: () => void): () => void };
}

export interface Vitals {
  /** Why no request should be let in for now; undefined: nothing speaks against it. */
  readonly overload: () => string | undefined;
  /** @param draining nothing is let in any more */
  health(draining: () => boolean): Health;
  close(): void;
}

/** Resolves after the first look at the machine. */
export async function createVitals(options: VitalsOptions): Promise<Vitals> {
  const { configuration, allowance, cgroup, registry, metrics, log, clock } = options;
  const monitor = new ResourceMonitor({
    allowance,
    cgroup,
    instanceBytes: () =>
      registry.running.flatMap(({ memoryBytes }) => memoryBytes).reduce((sum, bytes) => sum + bytes, 0),
    gpu: new GpuMeter(),
    data: configuration.data,
    after: clock.after,
  });
  await monitor.start();
  const usage = () => monitor.usage;
  const ready = () => registry.ready;
  const { shed } = resourceMetrics(metrics.registry, { usage, running: () => registry.running });
  return {
    overload: memoryWatermark({ allowance, usage, percent: configuration.memoryShedPercent, log, onShed: shed }),
    health: (draining) =>
      new Health({
        facts: () => ({
          usage: usage(),
          ready: ready(),
          running: registry.running,
          wantsGpu: configuration.wantedProvider !== undefined && configuration.wantedProvider !== 'cpu',
        }),
        draining,
        limits: {
          memoryShare: configuration.memoryShedPercent / 100,
          diskBytes: configuration.healthDiskBytes,
          eventLoopMs: configuration.healthLagMs,
        },
        now: clock.now,
      }),
    close: () => monitor.close(),
  };
}
