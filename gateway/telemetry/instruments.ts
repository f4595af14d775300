/**
 * The instruments that the gateway measures serving with, and which of their series a version or a model has: they
 * leave with it. Versions come and go for as long as the gateway runs; what is scraped must not grow with all that
 * ever were. Knows no event.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Classification, PROVIDERS } from '../../core/engine.ts';
import { ERROR_TABLE } from '../../core/errors.ts';
import { VERSION_STATES } from '../../core/protocol.ts';

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

/** Every value that the labels besides model and version take. */
const CODES = ['OK', ...Object.keys(ERROR_TABLE)];
const RESULTS = ['loaded', 'failed'] as const;
const FLAGS = ['true', 'false'] as const;

export type Instruments = ReturnType<typeof createInstruments>;

export function createInstruments(registry: Registry) {
  const registers = [registry];

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
  const rateLimited = new Counter({
    name: 'twinlens_rate_limited_total',
    help: 'Requests, messages and handshakes that were refused because their client asked too much.',
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

  function forgetVersion(model: string, version: number): void {
    const own = { model, version };
    const plain = [predictions, confidence, batches, pending, ...parts.map(({ histogram }) => histogram)];
    for (const metric of plain) metric.remove(own);
    for (const code of CODES) requests.remove({ ...own, code });
    for (const provider of PROVIDERS) {
      inference.remove({ ...own, provider });
      providers.remove({ ...own, provider });
    }
    for (const state of VERSION_STATES) states.remove({ ...own, state });
    for (const result of RESULTS) loads.remove({ ...own, result });
    for (const flag of FLAGS) {
      exits.remove({ ...own, restarted: flag });
      shadows.remove({ ...own, agreed: flag });
    }
  }

  return {
    predictions,
    inference,
    confidence,
    requests,
    batches,
    pending,
    inFlight,
    sockets,
    bytes,
    rateLimited,
    exits,
    providers,
    states,
    loads,
    loadSeconds,
    canaryShare,
    shadows,
    rollbacks,
    parts,
    forgetVersion,
    forgetModel(model: string): void {
      loadSeconds.remove({ model });
      rollbacks.remove({ model });
    },
  };
}
