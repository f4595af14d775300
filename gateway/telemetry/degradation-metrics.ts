/** Which versions are turned away from, and for which models something else answers. */
import { Gauge, type Registry } from 'prom-client';
import type { ServingObserver } from '../serving/index.ts';

export interface DegradationMetrics {
  readonly observer: Pick<ServingObserver, 'breakerChanged' | 'degraded'>;
  /** Nobody has the version any more. */
  forget(model: string, version: number): void;
  /** Nobody has a version of the model any more; another one may answer for it all the same. */
  forgetModel(model: string): void;
}

export function degradationMetrics(registry: Registry): DegradationMetrics {
  const registers = [registry];
  const breakers = new Gauge({
    name: 'twinlens_breaker_open',
    help: '1: the version failed several times in a row and gets no requests; 0: it was, and answers again.',
    labelNames: ['model', 'version'] as const,
    registers,
  });
  const degraded = new Gauge({
    name: 'twinlens_degraded',
    help: '1: another model (reason model) or another execution provider (reason provider) answers; 0: not any more.',
    labelNames: ['model', 'reason'] as const,
    registers,
  });
  return {
    observer: {
      breakerChanged({ model, version, open }) {
        if (open === undefined) breakers.remove({ model, version });
        else breakers.set({ model, version }, open ? 1 : 0);
      },
      degraded: ({ model, reason, degraded: is }) => degraded.set({ model, reason }, is ? 1 : 0),
    },
    forget: (model, version) => breakers.remove({ model, version }),
    forgetModel: (model) => degraded.remove({ model, reason: 'provider' }),
  };
}
