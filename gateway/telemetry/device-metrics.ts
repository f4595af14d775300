/** What pages report of the answers that their devices gave, as metrics. Providers are the two that browsers have. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { DEVICE_BOUNDS, DEVICE_PROVIDERS, type DeviceReport, representatives } from '../../core/device-report.ts';

export interface DeviceMetrics {
  /** A page reported; the report has been checked. */
  devicesReported(report: DeviceReport): void;
}

export function deviceMetrics(registry: Registry): DeviceMetrics {
  const registers = [registry];
  const labelNames = ['provider'] as const;
  const inferences = new Counter({
    name: 'twinlens_device_inferences_total',
    help: 'Images that devices of visitors classified themselves, as far as their pages report it.',
    labelNames,
    registers,
  });
  const seconds = new Histogram({
    name: 'twinlens_device_inference_seconds',
    help: 'Seconds that one image was in the model on a device of a visitor, as far as their pages report it.',
    labelNames,
    buckets: [...DEVICE_BOUNDS],
    registers,
  });
  for (const provider of DEVICE_PROVIDERS) inferences.inc({ provider }, 0);
  return {
    devicesReported({ timings }) {
      for (const timing of timings) {
        const { provider, counts } = timing;
        const each = representatives(timing);
        for (const [i, count] of counts.entries()) {
          inferences.inc({ provider }, count);
          // The library takes one at a time; a report has 10,000 at most.
          for (let left = count; left > 0; left -= 1) seconds.observe({ provider }, each[i] ?? 0);
        }
      }
    },
  };
}
