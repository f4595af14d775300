/** The gateway's own process as metrics: processor, memory, event loop, and whether it takes requests. */
import { Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

/** prom-client's gauges of handles and requests end in _total, which Prometheus keeps for counters. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export interface ProcessMetrics {
  /** Asked at each scrape. */
  watchReady(read: () => boolean): void;
  /** Lines that were lost since the start; asked at each scrape. */
  watchLog(read: () => number): void;
}

export function processMetrics(registry: Registry): ProcessMetrics {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  let ready = () => false;
  new Gauge({
    name: 'twinlens_ready',
    help: '1 when every model can answer and the gateway does not drain, else 0.',
    registers: [registry],
    collect() {
      this.set(ready() ? 1 : 0);
    },
  });
  let lost = () => 0;
  let told = 0;
  new Counter({
    name: 'twinlens_log_lost_lines_total',
    help: 'Lines of the log that were lost because nobody read them fast enough.',
    registers: [registry],
    collect() {
      const now = lost();
      this.inc(now - told);
      told = now;
    },
  });
  return {
    watchReady(read) {
      ready = read;
    },
    watchLog(read) {
      lost = read;
    },
  };
}
