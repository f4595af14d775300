/**
 * What the gateway counts and measures, as Prometheus metrics. Models, versions and sources become labels only when
 * they come from serving, never from a request, so that clients can't make series.
 */
import { Registry } from 'prom-client';
import type { ServingObserver } from '../serving/index.ts';
import type { SourceObserver } from '../sources/index.ts';
import { canaryMetrics } from './canary-metrics.ts';
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
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const requests = requestMetrics(registry);
  const versions = versionMetrics(registry);
  return {
    registry,
    observer: {
      ...requests,
      ...versions,
      ...canaryMetrics(registry),
      batchRan(event) {
        requests.batchRan(event);
        versions.batchRan(event);
      },
    },
    sources: sourceMetrics(registry),
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
