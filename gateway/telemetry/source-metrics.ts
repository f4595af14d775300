/** How the sources of model versions are checked, as metrics: a source that can't be asked any more goes stale. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { SourceObserver } from '../sources/index.ts';

export function sourceMetrics(registry: Registry): SourceObserver {
  const registers = [registry];
  const labelNames = ['source'] as const;
  const last = new Gauge({
    name: 'twinlens_source_last_check_timestamp_seconds',
    help: 'Unix time of the last check of a source that succeeded; no series before the first.',
    labelNames,
    registers,
  });
  const intervals = new Gauge({
    name: 'twinlens_source_check_interval_seconds',
    help: 'Seconds between two checks of a source; 0: only on demand.',
    labelNames,
    registers,
  });
  const failures = new Counter({
    name: 'twinlens_source_check_failures_total',
    help: 'Checks of a source that failed.',
    labelNames,
    registers,
  });
  return {
    scheduled({ source, intervalMs }) {
      intervals.set({ source }, intervalMs / 1000);
      failures.inc({ source }, 0);
    },
    checked({ source, at, succeeded }) {
      if (succeeded) last.set({ source }, at / 1000);
      else failures.inc({ source });
    },
  };
}
