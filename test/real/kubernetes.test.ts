/** The manifests for Kubernetes and KServe, judged by kustomize, the API's own schemas and Trivy. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CUSTOM_KINDS, customResource } from './custom-resources.ts';
import { goTool, NO_TRIVY } from './go-tools.ts';
import { CHECKERS, expectSettings, judge, NO_TOOLS } from './judging.ts';
import {
  buildKserve,
  buildManifests,
  type Component,
  configMap,
  deployment,
  documents,
  type Overlay,
} from './manifests.ts';
import { folder, python } from './tools.ts';

/** What the gateway may take after its drain: answers that leave, sockets, instances. */
const LAST_WORDS_SECONDS = 5;

let checkers: string | undefined;
let kustomize: string | undefined;
let trivy: string | undefined;
beforeAll(() => {
  checkers = python('deploy', CHECKERS);
  kustomize = goTool('kustomize');
  trivy = goTool('trivy');
});

describe('the manifests for Kubernetes', () => {
  const variants: readonly (readonly [Overlay, readonly Component[]])[] = [
    ['cpu', []],
    ['cuda', []],
    ['cpu', ['model-volume', 'pending-requests']],
    ['cpu', ['kept-state']],
    ['cuda', ['model-volume', 'kept-state']],
  ];
  const validator = (python: string) => join(python, '..', 'kubernetes-validate');

  it.for(variants)(
    '%s with %j has nothing that the API does not know, and settings that the gateway knows',
    ([overlay, components], context) => {
      if (!kustomize || !checkers) return context.skip(NO_TOOLS);
      const file = buildManifests(kustomize, overlay, components);
      judge(validator(checkers), ['--strict', '--quiet', '--no-warn', file]);
      const parts = documents(checkers, file);
      expect(
        parts.filter(({ kind }) => CUSTOM_KINDS.includes(kind)).map((part) => customResource.parse(part).kind),
      ).toEqual(['ServiceMonitor']);
      expectSettings(configMap.parse(parts.find(({ kind }) => kind === 'ConfigMap')).data);
    },
  );

  it('a field that there is not is refused', (context) => {
    if (!kustomize || !checkers) return context.skip(NO_TOOLS);
    const file = buildManifests(kustomize, 'cpu', []);
    const wrong = join(folder, 'manifests', 'wrong.yaml');
    writeFileSync(wrong, readFileSync(file, 'utf8').replace('readOnlyRootFilesystem', 'readOnlyRoot'));
    expect(() => judge(validator(checkers ?? ''), ['--strict', wrong])).toThrow(/kubernetes-validate --strict/);
    judge(validator(checkers), ['--strict', '--quiet', '--no-warn', file]);
  });

  it.for(variants)('%s with %j leaves a pod the time that a drain takes', ([overlay, components], context) => {
    if (!kustomize || !checkers) return context.skip(NO_TOOLS);
    const parts = documents(checkers, buildManifests(kustomize, overlay, components));
    const { data } = configMap.parse(parts.find(({ kind }) => kind === 'ConfigMap'));
    const pod = deployment.parse(parts.find(({ kind }) => kind === 'Deployment')).spec.template.spec;
    const wait = pod.containers[0].lifecycle.preStop.sleep.seconds;
    const drain = Number(data.TWINLENS_DRAIN_MS) / 1000;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(wait + drain + LAST_WORDS_SECONDS);
  });

  it('replicas share models that they only read; what one keeps has one replica, never two at once, and no autoscaler', (context) => {
    if (!kustomize || !checkers) return context.skip(NO_TOOLS);
    const shared = documents(checkers, buildManifests(kustomize, 'cpu', ['model-volume', 'pending-requests']));
    const [container] = deployment.parse(shared.find(({ kind }) => kind === 'Deployment')).spec.template.spec
      .containers;
    expect(container.volumeMounts).toContainEqual({ mountPath: '/models', readOnly: true });
    const kept = documents(checkers, buildManifests(kustomize, 'cpu', ['kept-state']));
    const { spec } = deployment.parse(kept.find(({ kind }) => kind === 'Deployment'));
    expect([spec.replicas, spec.strategy]).toEqual([1, { type: 'Recreate' }]);
    expect(kept.some(({ kind }) => kind === 'HorizontalPodAutoscaler')).toBe(false);
  });

  it('a replica of the overlay cuda gets a GPU', (context) => {
    if (!kustomize || !checkers) return context.skip(NO_TOOLS);
    const parts = documents(checkers, buildManifests(kustomize, 'cuda', []));
    const [container] = deployment.parse(parts.find(({ kind }) => kind === 'Deployment')).spec.template.spec.containers;
    expect([container.image, container.resources.limits['nvidia.com/gpu']]).toEqual(['twinlens:cuda', 1]);
  });

  it.for(variants)('%s with %j passes Trivy', ([overlay, components], context) => {
    if (!kustomize || !trivy) return context.skip(NO_TRIVY);
    const file = buildManifests(kustomize, overlay, components);
    judge(trivy, ['config', '--skip-check-update', '--quiet', '--exit-code', '1', file]);
  });
});

it('what KServe gets has the fields that its definitions know, and settings that the gateway knows', (context) => {
  if (!kustomize || !checkers) return context.skip(NO_TOOLS);
  const parts = documents(checkers, buildKserve(kustomize)).map((part) => customResource.parse(part));
  expect(parts.map(({ kind }) => kind).sort()).toEqual(['InferenceService', 'ServingRuntime']);
  const runtime = parts.find((part) => part.kind === 'ServingRuntime');
  const [container] = runtime?.spec.containers ?? [];
  expect(container?.image).toBe('twinlens:cpu');
  expectSettings(Object.fromEntries(container?.env.map(({ name, value }) => [name, value]) ?? []));
});
