/** Which series the alerts and the dashboard may read: those of the real gateway, of the recording rules and of Prometheus. */
import { seriesNames } from '../support/promql.ts';
import { readRules } from './observability.ts';

/** Prometheus makes these itself. */
const PROMETHEUS = ['up', 'ALERTS'];

/** @param page what the real gateway answers at /metrics */
export function knownSeries(page: string): ReadonlySet<string> {
  return new Set([...PROMETHEUS, ...readRules().recordings.map(({ record }) => record), ...seriesNames(page)]);
}
