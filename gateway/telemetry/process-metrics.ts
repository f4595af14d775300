/** The gateway's own process as metrics: processor, memory, event loop, and whether it takes requests. */
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

/** prom-client's gauges of handles and requests end in _total, which Prometheus keeps for counters. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export interface ProcessMetrics {
  /** Asked at each scrape. */
  watchReady(read: () => boolean): void;
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
  return {
    watchReady(read) {
      ready = read;
    },
  };
}
