/**
 * Our manifests' fields of kinds that Kubernetes' own schemas don't know: names, nesting and types as in the definitions of
 * the Prometheus operator 0.93 and of KServe (August 2026), against which the manifests were checked in full. A field that
 * is not listed here is refused: look it up in its definition before adding it.
 */
import { z } from 'zod';

const metadata = z.object({ name: z.string(), namespace: z.literal('twinlens') });
const names = z.record(z.string(), z.string());
const probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string().startsWith('/'), port: z.number() }),
  periodSeconds: z.int(),
  timeoutSeconds: z.int(),
  failureThreshold: z.int().optional(),
});

const serviceMonitor = z.strictObject({
  apiVersion: z.literal('monitoring.coreos.com/v1'),
  kind: z.literal('ServiceMonitor'),
  metadata,
  spec: z.strictObject({
    selector: z.strictObject({ matchLabels: names }),
    sampleLimit: z.int(),
    endpoints: z.array(
      z.strictObject({ port: z.string(), path: z.string(), interval: z.string(), scrapeTimeout: z.string() }),
    ),
  }),
});

const servingRuntime = z.strictObject({
  apiVersion: z.literal('serving.kserve.io/v1alpha1'),
  kind: z.literal('ServingRuntime'),
  metadata,
  spec: z.strictObject({
    supportedModelFormats: z.array(z.strictObject({ name: z.string(), version: z.string(), autoSelect: z.boolean() })),
    multiModel: z.boolean(),
    containers: z.tuple([
      z.strictObject({
        // The name by which KServe finds it.
        name: z.literal('kserve-container'),
        image: z.string(),
        ports: z.array(z.strictObject({ name: z.string(), containerPort: z.int(), protocol: z.literal('TCP') })),
        env: z.array(z.strictObject({ name: z.string(), value: z.string() })),
        startupProbe: probe,
        livenessProbe: probe,
        readinessProbe: probe,
        resources: z.strictObject({ requests: names, limits: names }),
        securityContext: z.strictObject({
          runAsNonRoot: z.literal(true),
          runAsUser: z.literal(10001),
          runAsGroup: z.literal(10001),
          allowPrivilegeEscalation: z.literal(false),
          readOnlyRootFilesystem: z.literal(true),
          capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
          seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
        }),
        volumeMounts: z.array(z.strictObject({ name: z.string(), mountPath: z.string() })),
      }),
    ]),
    volumes: z.array(z.strictObject({ name: z.string(), emptyDir: z.strictObject({ sizeLimit: z.string() }) })),
  }),
});

const inferenceService = z.strictObject({
  apiVersion: z.literal('serving.kserve.io/v1beta1'),
  kind: z.literal('InferenceService'),
  metadata,
  spec: z.strictObject({
    predictor: z.strictObject({
      minReplicas: z.int(),
      maxReplicas: z.int(),
      scaleMetric: z.enum(['cpu', 'memory', 'concurrency', 'rps']),
      scaleTarget: z.int(),
      enableServiceLinks: z.literal(false),
      automountServiceAccountToken: z.literal(false),
      terminationGracePeriodSeconds: z.int(),
      securityContext: z.strictObject({ fsGroup: z.literal(10001) }),
      model: z.strictObject({
        runtime: z.literal('twinlens'),
        modelFormat: z.strictObject({ name: z.literal('twinlens'), version: z.string() }),
        storageUri: z.string().regex(/^(?:pvc|s3|gs|oci):\/\//),
      }),
    }),
  }),
});

export const customResource = z.discriminatedUnion('kind', [serviceMonitor, servingRuntime, inferenceService]);
export const CUSTOM_KINDS = ['ServiceMonitor', 'ServingRuntime', 'InferenceService'];
