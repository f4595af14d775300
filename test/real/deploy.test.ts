/**
 * Dockerfile, compose files, manifests and the watchers' configuration, judged by the tools that judge them elsewhere:
 * compose-go (what `docker compose config` is made of), kustomize, Kubernetes' own schemas, promtool, amtool, hadolint, Trivy.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../gateway/configuration/index.ts';
import { type ComposeFile, compose } from './compose-model.ts';
import { CUSTOM_KINDS, customResource } from './custom-resources.ts';
import { goTool, NO_GO, NO_TRIVY } from './go-tools.ts';
import {
  buildKserve,
  buildManifests,
  type Component,
  configMap,
  deployment,
  documents,
  type Overlay,
} from './manifests.ts';
import { folder, promtool, python, root } from './tools.ts';

const NO_PYTHON = 'needs Python 3.11 or newer';
const NO_TOOLS = `${NO_GO}, and Python 3.11 or newer`;
/** What the gateway may take after its drain: answers that leave, sockets, instances. */
const LAST_WORDS_SECONDS = 5;
/** Settings that the manifests use and that the configuration's table gets with the metrics' own port. */
const COMING = ['TWINLENS_METRICS_PORT', 'TWINLENS_METRICS_HOST'];

const run = (command: string, args: readonly string[]) =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

function expectSettings(environment: Readonly<Record<string, string>>): void {
  const ours = Object.entries(environment).filter(([name]) => name.startsWith('TWINLENS_') && !COMING.includes(name));
  expect(ours.length).toBeGreaterThan(0);
  parseConfiguration(Object.fromEntries(ours));
}

let checkers: string | undefined;
let kustomize: string | undefined;
let composeGo: string | undefined;
let trivy: string | undefined;
beforeAll(() => {
  checkers = python('deploy', 'test/real/deploy-requirements.txt');
  kustomize = goTool('kustomize');
  composeGo = goTool('compose-go');
  trivy = goTool('trivy');
});

describe('the Dockerfile', () => {
  it('passes hadolint', (context) => {
    if (!checkers) return context.skip(NO_PYTHON);
    expect(run(join(checkers, '..', 'hadolint'), ['Dockerfile'])).toBe('');
  });

  it('passes Trivy', (context) => {
    if (!trivy) return context.skip(NO_TRIVY);
    run(trivy, ['config', '--skip-check-update', '--quiet', '--exit-code', '1', 'Dockerfile']);
  });
});

describe('the compose files', () => {
  const combinations: readonly { readonly files: readonly ComposeFile[] }[] = [
    { files: ['compose'] },
    { files: ['compose', 'compose.cuda'] },
    { files: ['compose', 'compose.local'] },
    { files: ['compose', 'compose.mlflow'] },
  ];

  it.for(combinations)('$files are accepted, and their settings are settings of the gateway', ({ files }, context) => {
    if (!composeGo) return context.skip(NO_GO);
    const { gateway } = compose(composeGo, ...files).services;
    expectSettings(gateway?.environment ?? {});
  });

  it('a key that there is not is refused', (context) => {
    if (!composeGo) return context.skip(NO_GO);
    const file = join(folder, 'wrong-compose.yaml');
    writeFileSync(file, readFileSync(join(root, 'deploy/compose.yaml'), 'utf8').replace('read_only:', 'readonly:'));
    expect(() => run(composeGo ?? '', [file])).toThrow(/readonly/);
  });

  it('only the gateway can be reached; what watches it is on a network without a way in or out', (context) => {
    if (!composeGo) return context.skip(NO_GO);
    const { services, networks } = compose(composeGo, 'compose');
    const published = Object.entries(services).filter(([, { ports }]) => ports.length > 0);
    expect(published.map(([name, { ports }]) => [name, ports.map(({ target }) => target)])).toEqual([
      ['gateway', [8080]],
    ]);
    expect(networks.back?.internal).toBe(true);
    for (const [name, service] of Object.entries(services)) {
      const open = Object.keys(service.networks).filter((network) => !networks[network]?.internal);
      expect([name, open]).toEqual([name, { gateway: ['front'], alertmanager: ['notify'] }[name] ?? []]);
    }
  });

  it('compose.local opens the watchers on this machine only', (context) => {
    if (!composeGo) return context.skip(NO_GO);
    const { services } = compose(composeGo, 'compose', 'compose.local');
    for (const name of ['prometheus', 'alertmanager', 'grafana']) {
      expect(services[name]?.ports.map((port) => port.host_ip)).toEqual(['127.0.0.1']);
    }
  });

  it('every service is read-only, without capabilities, limited, watched, and of an exact version', (context) => {
    if (!composeGo) return context.skip(NO_GO);
    const { services, secrets } = compose(composeGo, 'compose');
    expect(Object.keys(services)).toEqual(['alertmanager', 'gateway', 'grafana', 'mlflow', 'prometheus']);
    for (const [name, service] of Object.entries(services)) {
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        healthcheck: { test: expect.any(Array) },
      });
      expect(service.image, name).toMatch(/^twinlens:cpu$|:v?\d+\.\d+\.\d+$/);
    }
    expect(Object.values(secrets).every(({ file }) => /(?:^|\/)secrets\//.test(file))).toBe(true);
  });

  it('compose.cuda reserves one GPU', (context) => {
    if (!composeGo) return context.skip(NO_GO);
    const { gateway } = compose(composeGo, 'compose', 'compose.cuda').services;
    expect(gateway?.deploy.resources.reservations.devices).toMatchObject([{ driver: 'nvidia', capabilities: ['gpu'] }]);
  });
});

describe('what watches the gateway', () => {
  it('Prometheus accepts its configuration, with the rules', (context) => {
    const tool = promtool();
    if (!tool) return context.skip("needs Debian's prometheus package");
    expect(run(tool, ['check', 'config', 'deploy/prometheus/prometheus.yml'])).toMatch(/1 rule files found/);
  });

  it('Alertmanager accepts its configuration', (context) => {
    const tool = goTool('amtool');
    if (!tool) return context.skip(NO_GO);
    expect(run(tool, ['check-config', 'deploy/alertmanager/alertmanager.yml'])).toMatch(/SUCCESS/);
  });
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
      run(validator(checkers), ['--strict', '--quiet', '--no-warn', file]);
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
    expect(() => run(validator(checkers ?? ''), ['--strict', wrong])).toThrow(/kubernetes-validate --strict/);
    run(validator(checkers), ['--strict', '--quiet', '--no-warn', file]);
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
    run(trivy, ['config', '--skip-check-update', '--quiet', '--exit-code', '1', file]);
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
