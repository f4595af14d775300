/** What the tests read of a compose project with all its profiles, as compose-go prints it. */
import { execFileSync } from 'node:child_process';
import { z } from 'zod';
import { root } from './tools.ts';

const limits = z.object({ cpus: z.string(), memory: z.string() });
/** Of one file a mapping, of several a list of NAME=VALUE. */
const environment = z.union([
  z.record(z.string(), z.string()),
  z
    .array(z.string())
    .transform((pairs) =>
      Object.fromEntries(pairs.map((pair) => [pair.split('=', 1)[0] ?? '', pair.slice(pair.indexOf('=') + 1)])),
    ),
]);
const service = z.object({
  image: z.string(),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  ports: z.array(z.object({ host_ip: z.string().optional(), target: z.number() })).default([]),
  networks: z.record(z.string(), z.unknown()),
  environment: environment.default({}),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  stop_grace_period: z.string().optional(),
  deploy: z.object({
    resources: z.object({ limits, reservations: z.object({ devices: z.array(z.unknown()).default([]) }) }),
  }),
});
const project = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.object({ internal: z.boolean().default(false) })),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});

export type ComposeProject = z.infer<typeof project>;

const FILES = ['compose', 'compose.cuda', 'compose.local', 'compose.mlflow'] as const;
export type ComposeFile = (typeof FILES)[number];

/** Throws with what it wrote when it does not accept the files. */
export function compose(tool: string, ...files: readonly ComposeFile[]): ComposeProject {
  const paths = files.map((file) => `deploy/${file}.yaml`);
  const text = execFileSync(tool, ['-format', 'json', ...paths], { cwd: root, encoding: 'utf8' });
  return project.parse(JSON.parse(text));
}
