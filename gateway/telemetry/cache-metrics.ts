/** What the result cache counts. Models and versions come from serving, never from a request. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ResultsObserver } from '../results/index.ts';

const RESULTS = ['hit', 'coalesced', 'miss'] as const;

export interface CacheMetrics {
  readonly observer: Pick<ResultsObserver, 'looked' | 'kept'>;
  /** Nobody has the version any more. */
  forget(model: string, version: number): void;
}

export function cacheMetrics(registry: Registry): CacheMetrics {
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
    observer: {
      looked: ({ model, version, result }) => requests.inc({ model, version, result }),
      kept: (count) => entries.set(count),
    },
    forget: (model, version) => {
      for (const result of RESULTS) requests.remove({ model, version, result });
    },
  };
}
