/** Kubernetes manifests as kustomize builds them, and what the tests read of them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { folder, root } from './tools.ts';

export type Overlay = 'cpu' | 'cuda';
export type Component = 'model-volume' | 'kept-state' | 'pending-requests';

/** Writes the manifests of an overlay with components to a file and returns its path. */
export function buildManifests(kustomize: string, overlay: Overlay, components: readonly Component[]): string {
  const name = [overlay, ...components].join('+');
  const place = join(folder, 'manifests', name);
  const from = (path: string) => JSON.stringify(relative(place, join(root, 'deploy', 'kubernetes', path)));
  mkdirSync(place, { recursive: true });
  const lines = ['resources:', `  - ${from(`overlays/${overlay}`)}`];
  if (components.length > 0)
    lines.push('components:', ...components.map((part) => `  - ${from(`components/${part}`)}`));
  writeFileSync(join(place, 'kustomization.yaml'), `${lines.join('\n')}\n`);
  return build(kustomize, place, join(folder, 'manifests', `${name}.yaml`));
}

export const buildKserve = (kustomize: string): string =>
  build(kustomize, join(root, 'deploy', 'kserve'), join(folder, 'manifests', 'kserve.yaml'));

function build(kustomize: string, place: string, file: string): string {
  mkdirSync(join(folder, 'manifests'), { recursive: true });
  writeFileSync(file, execFileSync(kustomize, ['build', place], { encoding: 'utf8' }));
  return file;
}

/** The documents of a YAML file, read by the Python that validates them. */
export function documents(python: string, file: string): readonly { readonly kind: string }[] {
  const program = 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))';
  const text = execFileSync(python, ['-c', program, file], { encoding: 'utf8' });
  return z.array(z.looseObject({ kind: z.string() })).parse(JSON.parse(text));
}

export const deployment = z.object({
  kind: z.literal('Deployment'),
  spec: z.object({
    replicas: z.number().optional(),
    strategy: z.object({ type: z.string() }),
    template: z.object({
      spec: z.object({
        enableServiceLinks: z.literal(false),
        automountServiceAccountToken: z.literal(false),
        terminationGracePeriodSeconds: z.number(),
        containers: z.tuple([
          z.object({
            image: z.string(),
            lifecycle: z.object({ preStop: z.object({ sleep: z.object({ seconds: z.number() }) }) }),
            resources: z.object({ limits: z.record(z.string(), z.union([z.string(), z.number()])) }),
            volumeMounts: z.array(z.object({ mountPath: z.string(), readOnly: z.boolean().default(false) })),
          }),
        ]),
      }),
    }),
  }),
});

export const configMap = z.object({ kind: z.literal('ConfigMap'), data: z.record(z.string(), z.string()) });
