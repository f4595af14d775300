/**
 * The gateway's configuration as one typed schema with defaults and units. Reads nothing by itself:
 * `main.ts` hands in the environment. A wrong value throws INVALID_ARGUMENT that lists every mistake.
 */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import type { VersionPolicy } from '../core/admin.ts';
import { TwinlensError } from '../core/errors.ts';

const number = (fallback: number, min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .default(fallback);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const url = z
  .string()
  .refine((text) => text === '' || /^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : ''), {
    message: 'must be an http or https address',
  });
const origins = list
  .refine((parts) => parts.every((part) => part === '*' || isOrigin(part)), {
    message: 'must be origins such as https://example.com, without a path, separated by commas',
  })
  .default([]);

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

const schema = z.strictObject({
  /** Address to listen on; 0.0.0.0 for every interface. */
  TWINLENS_HOST: z.string().default('127.0.0.1'),
  /** TCP port; 0 picks a free one. */
  TWINLENS_PORT: number(8080, 0, 65_535),
  /** Folder with one folder a model package. */
  TWINLENS_MODELS: z.string().default('models'),
  /** Folder of the gateway's own, for what it must keep: published models, labels, journal; one gateway a folder; empty: nothing is kept. */
  TWINLENS_DATA: z.string().default('data'),
  /** Versions of a model that are served unless an operator says otherwise: latest:N or all. */
  TWINLENS_VERSIONS: z
    .string()
    .regex(/^(?:all|latest:[1-9]\d?)$/, 'must be all or latest:N, such as latest:1')
    .default('latest:1'),
  /** availability: a new version is loaded beside the old one; resource: the old one is unloaded first. */
  TWINLENS_SWAP: z.enum(['availability', 'resource']).default('availability'),
  /** Milliseconds between two looks into the model folders, beside watching them; 0: only watching. */
  TWINLENS_POLL_MS: number(5000, 0, 3_600_000),
  /** Milliseconds between two checks of sources that can't notify (catalogues, MLflow); 0: only on demand. */
  TWINLENS_CHECK_MS: number(12 * 3_600_000, 0, 30 * 86_400_000),
  /** Catalogues, comma separated: files or http(s) addresses; empty: none. */
  TWINLENS_CATALOGUES: list.default(['models/catalogue.json']),
  /** Address of a mirror that serves the catalogues' files by their sha256 or file name; it is asked before the addresses that they say. */
  TWINLENS_CATALOGUE_MIRROR: url.default(''),
  /** Models of the catalogues that are fetched and served, comma separated; operators may add others. */
  TWINLENS_FOLLOW: list.default([]),
  /** Address of an MLflow tracking server; empty: none. */
  TWINLENS_MLFLOW: url.default(''),
  /** Its registered models to serve, comma separated: name, name@version or name:alias. */
  TWINLENS_MLFLOW_MODELS: list.default([]),
  /** Bearer token for MLflow, or a file that holds it. */
  TWINLENS_MLFLOW_TOKEN: z.string().default(''),
  TWINLENS_MLFLOW_TOKEN_FILE: z.string().default(''),
  /** Token of the admin API and page, at least 16 characters, or a file that holds it; without one only this machine may ask. */
  TWINLENS_ADMIN_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  TWINLENS_ADMIN_TOKEN_FILE: z.string().default(''),
  /** Bytes of one uploaded or fetched model, packed and unpacked alike. */
  TWINLENS_MAX_UPLOAD_BYTES: number(1024 ** 3, 1024, 1024 ** 4),
  /** Entries of the journal that are kept. */
  TWINLENS_JOURNAL_MAX: number(1000, 10, 100_000),
  /** Model that answers when a request names none; empty: the first by name. */
  TWINLENS_DEFAULT_MODEL: z.string().default(''),
  /** Folder of the exported page; empty: the gateway serves no page. */
  TWINLENS_PAGE: z.string().default('out'),
  /** Origins, comma separated, that may use the API from another site; empty: the same origin only. `*` allows all. */
  TWINLENS_ORIGINS: origins,
  /** Execution provider: auto takes cuda when it works here, else cpu. */
  TWINLENS_PROVIDER: z.enum(['auto', 'cpu', 'cuda']).default('auto'),
  /** Child processes that run a model; 0: one a core, 4 at most (on cuda: 2). */
  TWINLENS_INSTANCES: number(0, 0, 64),
  /** ONNX Runtime threads of one instance; 0: cores / instances. */
  TWINLENS_THREADS: number(0, 0, 256),
  /** Largest batch; 0: the provider's default (cpu 4, cuda 32), never above the manifest's. */
  TWINLENS_BATCH_MAX: number(0, 0, 1024),
  /** Milliseconds that the first request of a batch may wait for others; 0: never waits. */
  TWINLENS_BATCH_WAIT_MS: number(2, 0, 1000),
  /** Waiting requests a model version; beyond it QUEUE_FULL. */
  TWINLENS_QUEUE_MAX: number(256, 1, 100_000),
  /** Deadline of a request that names none, milliseconds. */
  TWINLENS_DEADLINE_MS: number(10_000, 1, 600_000),
  /** Bytes of one body or frame. */
  TWINLENS_MAX_BYTES: number(32 * 1024 * 1024, 1024, 1024 * 1024 * 1024),
  /** Bytes of pictures that all requests together may hold; beyond it QUEUE_FULL. At least TWINLENS_MAX_BYTES. */
  TWINLENS_MAX_HELD_BYTES: number(512 * 1024 * 1024, 1024, 1024 ** 4),
  /** Milliseconds in which a whole HTTP request must have arrived; 0: no limit. */
  TWINLENS_REQUEST_MS: number(60_000, 0, 3_600_000),
  /** Pixels (width * height) of one picture, checked in its header before decoding. */
  TWINLENS_MAX_PIXELS: number(64 * 1024 * 1024, 1, 1024 * 1024 * 1024),
  /** Requests of one socket that may wait for an answer. */
  TWINLENS_MAX_IN_FLIGHT: number(32, 1, 10_000),
  /** Open sockets; beyond it the handshake answers 503. */
  TWINLENS_MAX_SOCKETS: number(10_000, 1, 1_000_000),
  /** Bytes of replies that one socket may leave unread before it is closed. */
  TWINLENS_MAX_UNREAD_BYTES: number(4 * 1024 * 1024, 1024, 1024 * 1024 * 1024),
  /** Milliseconds between the gateway's own pings of a socket; 0: none. */
  TWINLENS_PING_MS: number(30_000, 0, 3_600_000),
  /** Milliseconds that SIGTERM leaves for requests in flight. */
  TWINLENS_DRAIN_MS: number(20_000, 0, 600_000),
  TWINLENS_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

const settings = schema.refine((values) => values.TWINLENS_MAX_HELD_BYTES >= values.TWINLENS_MAX_BYTES, {
  path: ['TWINLENS_MAX_HELD_BYTES'],
  message: 'must be at least TWINLENS_MAX_BYTES',
});

/** A secret as it was given: its text, the file that holds it, or neither. `readSecret` in main.ts reads it. */
export interface Secret {
  readonly text: string | undefined;
  readonly file: string | undefined;
}

export interface Configuration {
  readonly host: string;
  readonly port: number;
  readonly models: string;
  /** Undefined: nothing is kept. */
  readonly data: string | undefined;
  readonly versions: VersionPolicy;
  readonly swap: 'availability' | 'resource';
  readonly pollMs: number;
  readonly checkMs: number;
  readonly catalogues: readonly string[];
  readonly catalogueMirror: string | undefined;
  readonly follow: readonly string[];
  readonly mlflow: { readonly url: string; readonly models: readonly string[]; readonly token: Secret } | undefined;
  readonly adminToken: Secret;
  readonly maxUploadBytes: number;
  readonly journalMax: number;
  readonly defaultModel: string | undefined;
  readonly page: string | undefined;
  readonly origins: readonly string[];
  readonly provider: 'auto' | 'cpu' | 'cuda';
  /** 0: chosen by the provider. */
  readonly instances: number;
  readonly threads: number;
  readonly cores: number;
  readonly batchMax: number;
  readonly batchWaitMs: number;
  readonly queueMax: number;
  readonly deadlineMs: number;
  readonly maxBytes: number;
  readonly maxHeldBytes: number;
  readonly requestMs: number;
  readonly maxPixels: number;
  readonly maxInFlight: number;
  readonly maxSockets: number;
  readonly maxUnreadBytes: number;
  readonly pingMs: number;
  readonly drainMs: number;
  readonly logLevel: string;
}

/** Variables whose empty value is another than their default. */
const MEANS_NONE = ['TWINLENS_PAGE', 'TWINLENS_DATA', 'TWINLENS_CATALOGUES'];

function versionPolicy(text: string): VersionPolicy {
  return text === 'all' ? { kind: 'all' } : { kind: 'latest', count: Number(text.slice('latest:'.length)) };
}

/** Throws INVALID_ARGUMENT with one line a mistake. Variables that start with TWINLENS_ and are unknown are mistakes. */
export function parseConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  // An empty variable counts as absent, but where empty has a meaning.
  const ours = Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => name.startsWith('TWINLENS_') && (value !== '' || MEANS_NONE.includes(name)),
    ),
  );
  const parsed = settings.safeParse(ours);
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map((issue) => `  ${issue.path.join('.') || 'environment'}: ${issue.message}`);
    throw new TwinlensError('INVALID_ARGUMENT', `The configuration is not valid:\n${mistakes.join('\n')}`);
  }
  const values = parsed.data;
  return {
    host: values.TWINLENS_HOST,
    port: values.TWINLENS_PORT,
    models: values.TWINLENS_MODELS,
    data: values.TWINLENS_DATA || undefined,
    versions: versionPolicy(values.TWINLENS_VERSIONS),
    swap: values.TWINLENS_SWAP,
    pollMs: values.TWINLENS_POLL_MS,
    checkMs: values.TWINLENS_CHECK_MS,
    catalogues: values.TWINLENS_CATALOGUES,
    catalogueMirror: values.TWINLENS_CATALOGUE_MIRROR || undefined,
    follow: values.TWINLENS_FOLLOW,
    mlflow:
      values.TWINLENS_MLFLOW === ''
        ? undefined
        : {
            url: values.TWINLENS_MLFLOW,
            models: values.TWINLENS_MLFLOW_MODELS,
            token: {
              text: values.TWINLENS_MLFLOW_TOKEN || undefined,
              file: values.TWINLENS_MLFLOW_TOKEN_FILE || undefined,
            },
          },
    adminToken: { text: values.TWINLENS_ADMIN_TOKEN, file: values.TWINLENS_ADMIN_TOKEN_FILE || undefined },
    maxUploadBytes: values.TWINLENS_MAX_UPLOAD_BYTES,
    journalMax: values.TWINLENS_JOURNAL_MAX,
    defaultModel: values.TWINLENS_DEFAULT_MODEL || undefined,
    page: values.TWINLENS_PAGE || undefined,
    origins: values.TWINLENS_ORIGINS,
    provider: values.TWINLENS_PROVIDER,
    instances: values.TWINLENS_INSTANCES,
    threads: values.TWINLENS_THREADS,
    cores: availableParallelism(),
    batchMax: values.TWINLENS_BATCH_MAX,
    batchWaitMs: values.TWINLENS_BATCH_WAIT_MS,
    queueMax: values.TWINLENS_QUEUE_MAX,
    deadlineMs: values.TWINLENS_DEADLINE_MS,
    maxBytes: values.TWINLENS_MAX_BYTES,
    maxHeldBytes: values.TWINLENS_MAX_HELD_BYTES,
    requestMs: values.TWINLENS_REQUEST_MS,
    maxPixels: values.TWINLENS_MAX_PIXELS,
    maxInFlight: values.TWINLENS_MAX_IN_FLIGHT,
    maxSockets: values.TWINLENS_MAX_SOCKETS,
    maxUnreadBytes: values.TWINLENS_MAX_UNREAD_BYTES,
    pingMs: values.TWINLENS_PING_MS,
    drainMs: values.TWINLENS_DRAIN_MS,
    logLevel: values.TWINLENS_LOG_LEVEL,
  };
}
