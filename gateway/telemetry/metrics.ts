/**
 * What the gateway counts and measures, as Prometheus metrics. Models, versions and sources become labels only when
 * they come from serving, never from a request, so that clients can't make series; those of a version that nobody has
 * any more are removed.
 */
import { Registry } from 'prom-client';
import type { ResultsObserver } from '../results/index.ts';
import type { ServingObserver } from '../serving/index.ts';
import type { SourceObserver } from '../sources/index.ts';
import { cacheMetrics } from './cache-metrics.ts';
import { canaryMetrics } from './canary-metrics.ts';
import { degradationMetrics } from './degradation-metrics.ts';
import { type DeviceMetrics, deviceMetrics } from './device-metrics.ts';
import { type ProcessMetrics, processMetrics } from './process-metrics.ts';
import { type RequestMetrics, requestMetrics } from './request-metrics.ts';
import { sourceMetrics } from './source-metrics.ts';
import { type TransportMetrics, transportMetrics } from './transport-metrics.ts';
import { type VersionMetrics, versionMetrics } from './version-metrics.ts';

export interface Metrics
  extends TransportMetrics,
    ProcessMetrics,
    DeviceMetrics,
    Pick<RequestMetrics, 'refused' | 'requestStarted' | 'requestEnded'>,
    Pick<VersionMetrics, 'stableMoved' | 'retired'> {
  readonly registry: Registry;
  readonly observer: ServingObserver;
  readonly sources: SourceObserver;
  readonly results: ResultsObserver;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const requests = requestMetrics(registry);
  const versions = versionMetrics(registry);
  const canaries = canaryMetrics(registry);
  const cache = cacheMetrics(registry);
  const degradation = degradationMetrics(registry);
  /** Versions that serving knows, by model. */
  const known = new Map<string, Set<number>>();

  function forget(model: string, version: number): void {
    for (const metrics of [requests, versions, canaries, cache, degradation]) metrics.forget(model, version);
    const left = known.get(model);
    left?.delete(version);
    if (left && left.size > 0) return;
    known.delete(model);
    for (const metrics of [versions, canaries, degradation]) metrics.forgetModel(model);
  }

  return {
    registry,
    observer: {
      ...requests,
      ...versions,
      ...canaries,
      ...degradation.observer,
      batchRan(event) {
        requests.batchRan(event);
        versions.batchRan(event);
      },
      versionState(event) {
        const { model, version, state } = event;
        if (state === undefined) return forget(model, version);
        known.set(model, (known.get(model) ?? new Set()).add(version));
        versions.versionState(event);
      },
    },
    sources: sourceMetrics(registry),
    results: { ...cache.observer, requestFinished: requests.requestFinished },
    ...transportMetrics(registry),
    ...processMetrics(registry),
    ...deviceMetrics(registry),
    refused: requests.refused,
    requestStarted: requests.requestStarted,
    requestEnded: requests.requestEnded,
    stableMoved: versions.stableMoved,
    retired: versions.retired,
  };
}
