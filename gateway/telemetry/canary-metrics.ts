/** How canaries fare, as metrics. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ServingObserver } from '../serving/index.ts';

export type CanaryMetrics = Pick<ServingObserver, 'canaryShare' | 'shadowCompared' | 'canaryRolledBack'> & {
  /** Nobody has the version any more: its series would stay for ever. */
  forget(model: string, version: number): void;
  /** Nor any other one of the model. */
  forgetModel(model: string): void;
};

export function canaryMetrics(registry: Registry): CanaryMetrics {
  const registers = [registry];
  const shares = new Gauge({
    name: 'twinlens_canary_share',
    help: 'Share, 0 to 1, of the requests without version or label that go to the canary; no series without a canary.',
    labelNames: ['model'] as const,
    registers,
  });
  const shadows = new Counter({
    name: 'twinlens_shadow_requests_total',
    help: 'Requests that the canary and stable both answered, by whether their best classes agreed.',
    labelNames: ['model', 'version', 'agreed'] as const,
    registers,
  });
  const rollbacks = new Counter({
    name: 'twinlens_canary_rollbacks_total',
    help: 'Canaries that the gateway ended by itself because they went beyond a limit.',
    labelNames: ['model'] as const,
    registers,
  });
  return {
    canaryShare({ model, share }) {
      if (share === undefined) shares.remove({ model });
      else shares.set({ model }, share);
    },
    shadowCompared({ model, version, agreed }) {
      shadows.inc({ model, version, agreed: String(agreed) });
    },
    canaryRolledBack({ model }) {
      rollbacks.inc({ model });
    },
    forget(model, version) {
      for (const agreed of ['true', 'false']) shadows.remove({ model, version, agreed });
    },
    forgetModel(model) {
      rollbacks.remove({ model });
    },
  };
}
