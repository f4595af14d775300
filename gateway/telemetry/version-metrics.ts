/**
 * How model versions are, as metrics: states, loads, swaps, queues, instances and the provider that really runs. Of a
 * version that answers no more no gauge is left.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { PROVIDERS } from '../../core/engine.ts';
import { VERSION_STATES } from '../../core/protocol.ts';
import type { ServingObserver } from '../serving/index.ts';

/** Seconds: a small model from a disk takes one, a large one from a registry minutes. */
const LOAD_SECONDS = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600];
const VERSION = ['model', 'version'] as const;
/** Every value of the label `result`. */
const RESULTS = ['loaded', 'failed'] as const;

export type VersionMetrics = Pick<
  ServingObserver,
  'batchRan' | 'queueChanged' | 'instanceExited' | 'versionState' | 'loadEnded'
> & {
  /** `stable` of the model names this version now. */
  stableMoved(model: string, version: number): void;
  /** The version answers no more: its gauges would say something that is over. */
  retired(model: string, version: number): void;
  /** Nobody has the version any more: its series would stay for ever. */
  forget(model: string, version: number): void;
  /** Nor any other one of the model. */
  forgetModel(model: string): void;
};

export function versionMetrics(registry: Registry): VersionMetrics {
  const registers = [registry];
  const pending = new Gauge({
    name: 'twinlens_pending_requests',
    help: 'Requests that wait in the queue.',
    labelNames: VERSION,
    registers,
  });
  const limits = new Gauge({
    name: 'twinlens_queue_limit',
    help: 'Requests that may wait in the queue, other than in a burst; beyond it QUEUE_FULL.',
    labelNames: VERSION,
    registers,
  });
  const exits = new Counter({
    name: 'twinlens_instance_exits_total',
    help: 'Instances that ended without being asked to, by whether they were started again.',
    labelNames: [...VERSION, 'restarted'] as const,
    registers,
  });
  const providers = new Gauge({
    name: 'twinlens_provider_info',
    help: 'Always 1; the label tells the execution provider that really ran.',
    labelNames: [...VERSION, 'provider'] as const,
    registers,
  });
  const states = new Gauge({
    name: 'twinlens_model_state',
    help: 'Always 1; the label tells the state of each known version.',
    labelNames: [...VERSION, 'state'] as const,
    registers,
  });
  const loads = new Counter({
    name: 'twinlens_model_loads_total',
    help: 'Attempts to load a version by how they ended.',
    labelNames: [...VERSION, 'result'] as const,
    registers,
  });
  const loadSeconds = new Histogram({
    name: 'twinlens_model_load_seconds',
    help: 'Seconds from the decision to load a version until it could answer.',
    labelNames: ['model'] as const,
    buckets: LOAD_SECONDS,
    registers,
  });
  const swaps = new Counter({
    name: 'twinlens_swaps_total',
    help: 'Times that another version became the one that answers requests without version or label.',
    labelNames: ['model'] as const,
    registers,
  });
  const stable = new Map<string, number>();

  function retired(model: string, version: number): void {
    pending.remove({ model, version });
    limits.remove({ model, version });
    for (const provider of PROVIDERS) providers.remove({ model, version, provider });
  }

  return {
    batchRan({ model, version, provider }) {
      for (const other of PROVIDERS) if (other !== provider) providers.remove({ model, version, provider: other });
      providers.set({ model, version, provider }, 1);
    },
    queueChanged({ model, version, pending: waiting, limit }) {
      pending.set({ model, version }, waiting);
      limits.set({ model, version }, limit);
    },
    instanceExited({ model, version, restarting }) {
      exits.inc({ model, version, restarted: String(restarting) });
    },
    versionState({ model, version, state }) {
      for (const other of VERSION_STATES) if (other !== state) states.remove({ model, version, state: other });
      if (state !== undefined) states.set({ model, version, state }, 1);
    },
    loadEnded({ model, version, result, loadMs }) {
      loads.inc({ model, version, result });
      if (loadMs !== undefined) loadSeconds.observe({ model }, loadMs / 1000);
    },
    stableMoved(model, version) {
      const before = stable.get(model);
      stable.set(model, version);
      if (before !== version) swaps.inc({ model }, before === undefined ? 0 : 1);
    },
    retired,
    forget(model, version) {
      retired(model, version);
      for (const state of VERSION_STATES) states.remove({ model, version, state });
      for (const result of RESULTS) loads.remove({ model, version, result });
      for (const restarted of ['true', 'false']) exits.remove({ model, version, restarted });
    },
    forgetModel(model) {
      loadSeconds.remove({ model });
      swaps.remove({ model });
      stable.delete(model);
    },
  };
}
