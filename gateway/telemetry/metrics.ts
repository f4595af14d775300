/**
 * What the gateway counts and measures, as Prometheus metrics. Models and versions become labels only when
 * they come from serving, never from a request, so that clients can't make series.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type Classification, PROVIDERS } from '../../core/engine.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { VERSION_STATES } from '../../core/protocol.ts';
import type { ResultsObserver } from '../results/index.ts';
import type { ServingObserver } from '../serving/index.ts';
import { createCacheMetrics } from './cache-metrics.ts';
import { createDegradationMetrics } from './degradation-metrics.ts';

export type Transport = 'http' | 'socket';

export interface Metrics {
  readonly registry: Registry;
  readonly observer: ServingObserver;
  readonly results: ResultsObserver;
  /** A request that ended before it reached a servable. */
  refused(code: ErrorCode): void;
  /** Bytes of a picture that arrived. */
  received(transport: Transport, bytes: number): void;
  socketOpened(): void;
  socketClosed(): void;
  requestStarted(transport: Transport): void;
  requestEnded(transport: Transport): void;
  /** The version answers no more: its gauges would say something that is over. */
  retired(model: string, version: number): void;
}

/** Seconds, from half a millisecond: a small model on a GPU takes one, a full queue takes seconds. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Seconds: a small model from a disk takes one, a large one from a registry minutes. */
const LOAD_SECONDS = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600];
const PARTS = {
  queue: 'waited in the queue',
  decode: 'was decoded',
  prepare: 'was resized, cropped and normalised',
  infer: 'was in the model',
  total: 'was in the gateway, from arrival to answer',
} as const satisfies Record<keyof Classification['timings'], string>;

const VERSION = ['model', 'version'] as const;

/** prom-client's gauges of handles and requests end in _total, which Prometheus keeps for counters. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);

  const predictions = new Counter({
    name: 'model_predictions_total',
    help: 'Images classified.',
    labelNames: VERSION,
    registers,
  });
  const inference = new Histogram({
    name: 'model_inference_seconds',
    help: 'Seconds of one run of the model, over a batch of one or more images.',
    labelNames: [...VERSION, 'provider'] as const,
    buckets: SECONDS,
    registers,
  });
  const confidence = new Histogram({
    name: 'model_confidence',
    help: 'Best score of each classified image.',
    labelNames: VERSION,
    buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99],
    registers,
  });
  const requests = new Counter({
    name: 'twinlens_requests_total',
    help: 'Requests to classify by how they ended. Without a model: ended before a model was found.',
    labelNames: [...VERSION, 'code'] as const,
    registers,
  });
  const batches = new Histogram({
    name: 'twinlens_batch_size',
    help: 'Images in one run of the model.',
    labelNames: VERSION,
    buckets: [1, 2, 4, 8, 16, 32, 64, 128],
    registers,
  });
  const pending = new Gauge({
    name: 'twinlens_pending_requests',
    help: 'Requests that wait in the queue.',
    labelNames: VERSION,
    registers,
  });
  const inFlight = new Gauge({
    name: 'twinlens_in_flight_requests',
    help: 'Requests to classify that have not been answered yet.',
    labelNames: ['transport'] as const,
    registers,
  });
  const sockets = new Gauge({ name: 'twinlens_sockets', help: 'Open WebSockets.', registers });
  const bytes = new Counter({
    name: 'twinlens_received_bytes_total',
    help: 'Bytes of pictures that arrived.',
    labelNames: ['transport'] as const,
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
  const canaryShare = new Gauge({
    name: 'twinlens_canary_share',
    help: 'Share, 0 to 1, of the requests without version or label that go to the canary; no series without a canary.',
    labelNames: ['model'] as const,
    registers,
  });
  const shadows = new Counter({
    name: 'twinlens_shadow_requests_total',
    help: 'Requests that the canary and stable both answered, by whether their best classes agreed.',
    labelNames: [...VERSION, 'agreed'] as const,
    registers,
  });
  const rollbacks = new Counter({
    name: 'twinlens_canary_rollbacks_total',
    help: 'Canaries that the gateway ended by itself because they went beyond a limit.',
    labelNames: ['model'] as const,
    registers,
  });
  const parts = Object.entries(PARTS).map(([part, what]) => ({
    part: part as keyof typeof PARTS,
    histogram: new Histogram({
      name: `twinlens_request_${part}_seconds`,
      help: `Seconds that an answered image ${what}.`,
      labelNames: VERSION,
      buckets: SECONDS,
      registers,
    }),
  }));
  for (const transport of ['http', 'socket'] satisfies Transport[]) {
    inFlight.set({ transport }, 0);
    bytes.inc({ transport }, 0);
  }

  const observer: ServingObserver = {
    ...createDegradationMetrics(registry),
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
      for (const other of VERSION_STATES) if (other !== state) states.remove({ model, version, state: other });
      if (state !== undefined) states.set({ model, version, state }, 1);
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
    results: { ...createCacheMetrics(registry), requestFinished: observer.requestFinished },
    refused: (code) => requests.inc({ model: '', version: '', code }),
    received: (transport, count) => bytes.inc({ transport }, count),
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
