/**
 * What becomes of requests to classify, as metrics: counts by outcome, seconds by part, confidence, batches. Keeps the
 * id of one request a series and bucket as its exemplar. Knows no transport.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Classification, PROVIDERS } from '../../core/engine.ts';
import { ERROR_TABLE, type ErrorCode } from '../../core/errors.ts';
import type { ServingObserver } from '../serving/index.ts';
import type { Transport } from './transport-metrics.ts';

/** Seconds, from half a millisecond: a small model on a GPU takes one, a full queue takes seconds. */
export const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const PARTS = {
  queue: 'waited in the queue',
  decode: 'was decoded',
  prepare: 'was resized, cropped and normalised',
  infer: 'was in the model',
  total: 'was in the gateway, from arrival to answer',
} as const satisfies Record<keyof Classification['timings'], string>;
const VERSION = ['model', 'version'] as const;
/** Every value of the label `code`. */
const CODES = ['OK', ...Object.keys(ERROR_TABLE)];
/** prom-client's types want the labels of exemplars among those of the metric. */
type WithExemplar<Label extends string> = Label | 'request_id';
/**
 * Ids that become exemplars. OpenMetrics has 128 characters for names and values together; clients choose ids, and some
 * scrapers stumble over quotes in exemplars, escaped or not.
 */
const EXEMPLARY = /^[\w.:/-]{1,118}$/;

export type RequestMetrics = Pick<ServingObserver, 'requestFinished' | 'batchRan'> & {
  /** A request that ended before it reached a servable. */
  refused(code: ErrorCode, requestId?: string): void;
  requestStarted(transport: Transport): void;
  requestEnded(transport: Transport): void;
  /** Nobody has the version any more: its series would stay for ever. */
  forget(model: string, version: number): void;
};

function exemplarOf(requestId: string | undefined): { exemplarLabels?: { request_id: string } } {
  return requestId !== undefined && EXEMPLARY.test(requestId) ? { exemplarLabels: { request_id: requestId } } : {};
}

export function requestMetrics(registry: Registry): RequestMetrics {
  const registers = [registry];
  // prom-client refuses exemplars in a registry that also speaks the older text format; that one leaves them out.
  const withExemplars = { enableExemplars: true, registers: [] };
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
  const requests = new Counter<WithExemplar<'model' | 'version' | 'code'>>({
    name: 'twinlens_requests_total',
    help: 'Requests to classify by how they ended; frames that a newer one of their stream replaced are SUPERSEDED. Without a model: ended before a model was found.',
    labelNames: [...VERSION, 'code'],
    ...withExemplars,
  });
  registry.registerMetric(requests);
  const inferences = new Counter({
    name: 'twinlens_inferences_total',
    help: 'Images that were in a run of the model, shadowed ones included.',
    labelNames: VERSION,
    registers,
  });
  const executions = new Counter({
    name: 'twinlens_executions_total',
    help: 'Runs of the model; inferences divided by executions are the mean batch.',
    labelNames: VERSION,
    registers,
  });
  const batches = new Histogram({
    name: 'twinlens_batch_size',
    help: 'Images in one run of the model.',
    labelNames: VERSION,
    buckets: [1, 2, 4, 8, 16, 32, 64, 128],
    registers,
  });
  const inFlight = new Gauge({
    name: 'twinlens_in_flight_requests',
    help: 'Requests to classify that have not been answered yet.',
    labelNames: ['transport'] as const,
    registers,
  });
  const histogramOf = (part: keyof typeof PARTS) => ({
    name: `twinlens_request_${part}_seconds`,
    help: `Seconds that an answered image ${PARTS[part]}.`,
    labelNames: VERSION,
    buckets: SECONDS,
  });
  const parts = (['queue', 'decode', 'prepare', 'infer'] as const).map((part) => ({
    part,
    histogram: new Histogram({ ...histogramOf(part), registers }),
  }));
  const total = new Histogram<WithExemplar<'model' | 'version'>>({ ...histogramOf('total'), ...withExemplars });
  registry.registerMetric(total);
  for (const transport of ['http', 'socket'] satisfies Transport[]) inFlight.set({ transport }, 0);

  return {
    requestFinished({ model, version, code, classification, shadow, requestId }) {
      if (shadow) return;
      const labels = { model, version };
      const exemplar = exemplarOf(requestId);
      requests.inc({ labels: { ...labels, code }, ...exemplar });
      if (!classification) return;
      predictions.inc(labels);
      const best = classification.predictions[0];
      if (best) confidence.observe(labels, best.score);
      const { timings } = classification;
      // An answer that was there already was in none of the parts.
      if (!classification.cached) {
        for (const { part, histogram } of parts) histogram.observe(labels, timings[part] / 1000);
      }
      total.observe({ labels, value: timings.total / 1000, ...exemplar });
    },
    batchRan({ model, version, size, provider, inferMs }) {
      inference.observe({ model, version, provider }, inferMs / 1000);
      batches.observe({ model, version }, size);
      inferences.inc({ model, version }, size);
      executions.inc({ model, version });
    },
    refused: (code, requestId) => requests.inc({ labels: { model: '', version: '', code }, ...exemplarOf(requestId) }),
    requestStarted: (transport) => inFlight.inc({ transport }),
    requestEnded: (transport) => inFlight.dec({ transport }),
    forget(model, version) {
      const own = { model, version };
      const histograms = parts.map(({ histogram }) => histogram);
      for (const metric of [predictions, confidence, inferences, executions, batches, total, ...histograms]) {
        metric.remove(own);
      }
      for (const code of CODES) requests.remove({ ...own, code });
      for (const provider of PROVIDERS) inference.remove({ ...own, provider });
    },
  };
}
