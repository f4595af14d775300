/** The CPU image, built from the Dockerfile on its real base or a stand-in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { buildah, podman, RUN_OPTIONS } from './containers.ts';
import { nodeBase } from './stand-in.ts';
import { root, say } from './tools.ts';

const BUILD_MS = 540_000;
export const IMAGE = 'localhost/twinlens:cpu';

/** Default of an ARG that stands before the first FROM. */
export function argumentOf(name: string): string {
  const text = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const value = new RegExp(`^ARG ${name}=(\\S+)$`, 'm').exec(text)?.[1];
  if (!value) throw new Error(`The Dockerfile has no ARG ${name} with a default.`);
  return value;
}

/** False, with a printed reason, where there is no base to build on. Layers that did not change are not built again. */
export async function buildCpuImage(): Promise<boolean> {
  const base = await nodeBase(argumentOf('NODE_IMAGE'));
  if (!base) return false;
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  // What is left of earlier builds; the layers of today's are used again.
  await podman(['image', 'prune', '--force', '--filter', 'until=24h']);
  say(`Building ${IMAGE} on ${base} ...`);
  const begun = performance.now();
  const args = ['--build-arg', `NODE_IMAGE=${base}`, '--build-arg', `VERSION=${version}`];
  // HEALTHCHECK is known to Docker's format only.
  await buildah(['bud', '--layers', '--format', 'docker', '--target', 'cpu', ...args, '-t', IMAGE, '.'], BUILD_MS);
  say(`Built in ${Math.round((performance.now() - begun) / 1000)} s.`);
  return true;
}

const described = z.tuple([
  z.object({
    Size: z.number(),
    Config: z.object({
      User: z.string(),
      Entrypoint: z.array(z.string()),
      Labels: z.record(z.string(), z.string()),
    }),
    Healthcheck: z.object({ Test: z.array(z.string()) }),
  }),
]);

export async function describeImage() {
  const [image] = described.parse(JSON.parse((await podman(['image', 'inspect', IMAGE])).stdout));
  return image;
}

/** What a program for Node prints in a container of the image that ends with it. */
export async function runInImage(program: string): Promise<unknown> {
  const args = ['run', '--rm', '--pull=never', '--read-only', '--network=none', ...RUN_OPTIONS];
  const { stdout } = await podman([
    ...args,
    '--entrypoint',
    '/usr/local/bin/node',
    IMAGE,
    '-p',
    `JSON.stringify(${program})`,
  ]);
  return JSON.parse(stdout);
}
