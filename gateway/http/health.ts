/** What the gateway says of itself to those who run it. */
import { TwinlensError } from '../../core/errors.ts';
import type { Gate } from '../admission/index.ts';
import type { Registry } from '../serving/index.ts';

export interface HealthOptions {
  readonly gate: Gate;
  readonly registry: Registry;
  readonly version: string;
  /** Open WebSockets. */
  readonly sockets: () => number;
}

/** Throws DRAINING or MODEL_NOT_READY. */
export function checkReady({ gate, registry }: HealthOptions): void {
  gate.check();
  if (!registry.ready) {
    throw new TwinlensError('MODEL_NOT_READY', 'A model has no version that can answer yet; /health says which.', {
      retryAfterMs: 1000,
    });
  }
}

export function health({ gate, registry, version, sockets }: HealthOptions) {
  return {
    status: gate.draining ? 'draining' : registry.ready ? 'ready' : 'loading',
    version,
    uptimeSeconds: Math.round(process.uptime()),
    inFlight: gate.inside,
    sockets: sockets(),
    degraded: registry.degraded,
    models: registry.list().map((model) => ({
      ...model,
      details: registry.detail(model.name).details.map(({ manifest, ...detail }) => detail),
    })),
  };
}
