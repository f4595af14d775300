/**
 * What the gateway counts and measures, as Prometheus metrics. Models and versions become labels only when
 * they come from serving, never from a request, so that clients can't make series; those of a version that nobody has
 * any more are removed.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';
import { PROVIDERS } from '../../core/engine.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { VERSION_STATES } from '../../core/protocol.ts';
import type { ResultsObserver } from '../results/index.ts';
import type { ServingObserver } from '../serving/index.ts';
import { createCacheMetrics } from './cache-metrics.ts';
import { createDegradationMetrics } from './degradation-metrics.ts';
import { createInstruments } from './instruments.ts';

export type Transport = 'http' | 'socket';

export interface Metrics {
  readonly registry: Registry;
  readonly observer: ServingObserver;
  readonly results: ResultsObserver;
  /** A request that ended before it reached a servable. */
  refused(code: ErrorCode): void;
  /** Bytes of a picture that arrived. */
  received(transport: Transport, bytes: number): void;
  /** A request or message that was one too many of its client. */
  rateLimited(): void;
  socketOpened(): void;
  socketClosed(): void;
  requestStarted(transport: Transport): void;
  requestEnded(transport: Transport): void;
  /** The version answers no more: its gauges would say something that is over. */
  retired(model: string, version: number): void;
}

/** prom-client's gauges of handles and requests end in _total, which Prometheus keeps for counters. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);

  const instruments = createInstruments(registry);
  const cache = createCacheMetrics(registry);
  const degradation = createDegradationMetrics(registry);
  const { predictions, inference, confidence, requests, batches, pending, inFlight, sockets, bytes, rateLimited } =
    instruments;
  const { exits, providers, states, loads, loadSeconds, canaryShare, shadows, rollbacks, parts } = instruments;
  /** Versions that serving knows, by model. */
  const known = new Map<string, Set<number>>();

  /** Nobody has the version any more: its series would stay for ever. */
  function forget(model: string, version: number): void {
    instruments.forgetVersion(model, version);
    cache.forgetVersion(model, version);
    degradation.forgetVersion(model, version);
    const left = known.get(model);
    left?.delete(version);
    if (left && left.size > 0) return;
    known.delete(model);
    instruments.forgetModel(model);
    degradation.forgetModel(model);
  }

  for (const transport of ['http', 'socket'] satisfies Transport[]) {
    inFlight.set({ transport }, 0);
    bytes.inc({ transport }, 0);
  }

  const observer: ServingObserver = {
    ...degradation.observer,
    requestFinished({ model, version, code, classification, shadow }) {
      if (shadow) return;
      requests.inc({ model, version, code });
      if (!classification) return;
      predictions.inc({ model, version });
      const best = classification.predictions[0];
      if (best) confidence.observe({ model, version }, best.score);
      for (const { part, histogram } of parts) {
        // An answer that was there already was in none of the others.
        if (classification.cached && part !== 'total') continue;
        histogram.observe({ model, version }, classification.timings[part] / 1000);
      }
    },
    batchRan({ model, version, size, provider, inferMs }) {
      inference.observe({ model, version, provider }, inferMs / 1000);
      batches.observe({ model, version }, size);
      providers.set({ model, version, provider }, 1);
    },
    queueChanged({ model, version, pending: waiting }) {
      pending.set({ model, version }, waiting);
    },
    instanceExited({ model, version, restarting }) {
      exits.inc({ model, version, restarted: String(restarting) });
    },
    versionState({ model, version, state }) {
      if (state === undefined) {
        forget(model, version);
        return;
      }
      known.set(model, (known.get(model) ?? new Set()).add(version));
      for (const other of VERSION_STATES) if (other !== state) states.remove({ model, version, state: other });
      states.set({ model, version, state }, 1);
    },
    loadEnded({ model, version, result, loadMs }) {
      loads.inc({ model, version, result });
      if (loadMs !== undefined) loadSeconds.observe({ model }, loadMs / 1000);
    },
    canaryShare({ model, share }) {
      if (share === undefined) canaryShare.remove({ model });
      else canaryShare.set({ model }, share);
    },
    shadowCompared({ model, version, agreed }) {
      shadows.inc({ model, version, agreed: String(agreed) });
    },
    canaryRolledBack({ model }) {
      rollbacks.inc({ model });
    },
  };

  return {
    registry,
    observer,
    results: { ...cache.observer, requestFinished: observer.requestFinished },
    refused: (code) => requests.inc({ model: '', version: '', code }),
    received: (transport, count) => bytes.inc({ transport }, count),
    rateLimited: () => rateLimited.inc(),
    socketOpened: () => sockets.inc(),
    socketClosed: () => sockets.dec(),
    requestStarted: (transport) => inFlight.inc({ transport }),
    requestEnded: (transport) => inFlight.dec({ transport }),
    retired(model, version) {
      pending.remove({ model, version });
      for (const provider of PROVIDERS) providers.remove({ model, version, provider });
    },
  };
}
