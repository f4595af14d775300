/** What the result cache counts. Models and versions come from serving, never from a request. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ResultsObserver } from '../results/index.ts';

export function createCacheMetrics(registry: Registry): Pick<ResultsObserver, 'looked' | 'kept'> {
  const registers = [registry];
  const requests = new Counter({
    name: 'twinlens_cache_requests_total',
    help: 'Requests by what the result cache had for them: hit, coalesced (shared a run in flight) or miss.',
    labelNames: ['model', 'version', 'result'] as const,
    registers,
  });
  const entries = new Gauge({
    name: 'twinlens_cache_entries',
    help: 'Answers that the result cache keeps.',
    registers,
  });
  return {
    looked: ({ model, version, result }) => requests.inc({ model, version, result }),
    kept: (count) => entries.set(count),
  };
}
