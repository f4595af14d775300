/** Which series the alerts and the dashboard may read: those of the real gateway, of the recording rules and of Prometheus. */
import { seriesNames, seriesOf } from '../support/promql.ts';
import { readRules } from './observability.ts';

/** Prometheus makes these itself. */
const PROMETHEUS = ['up', 'ALERTS'];

/** Metrics that the gateway does not have yet, by type. Each leaves this list when it is there. */
const TO_COME = {
  gauge: [
    'twinlens_queue_limit',
    'twinlens_cache_entries',
    'twinlens_degraded',
    'twinlens_breaker_open',
    'twinlens_source_last_check_timestamp_seconds',
    'twinlens_source_check_interval_seconds',
  ],
  counter: [
    'twinlens_inferences_total',
    'twinlens_executions_total',
    'twinlens_cache_requests_total',
    'twinlens_swaps_total',
    'twinlens_source_check_failures_total',
    'twinlens_rate_limited_total',
    'twinlens_sent_bytes_total',
    'twinlens_device_inferences_total',
  ],
  histogram: ['twinlens_device_inference_seconds'],
} as const;

/** @param page what the real gateway answers at /metrics */
export function knownSeries(page: string): ReadonlySet<string> {
  return new Set([
    ...PROMETHEUS,
    ...readRules().recordings.map(({ record }) => record),
    ...seriesNames(page),
    ...Object.entries(TO_COME).flatMap(([type, names]) => names.flatMap((name) => seriesOf(name, type))),
  ]);
}
