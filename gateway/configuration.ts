/**
 * The gateway's configuration as one typed schema with defaults and units. Reads nothing by itself:
 * `main.ts` hands in the environment. A wrong value throws INVALID_ARGUMENT that lists every mistake.
 */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { TwinlensError } from '../core/errors.ts';

const number = (fallback: number, min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .default(fallback);
const origins = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
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

export interface Configuration {
  readonly host: string;
  readonly port: number;
  readonly models: string;
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

/** Throws INVALID_ARGUMENT with one line a mistake. Variables that start with TWINLENS_ and are unknown are mistakes. */
export function parseConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  // An empty variable counts as absent, but for the page, where empty has a meaning.
  const ours = Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => name.startsWith('TWINLENS_') && (value !== '' || name === 'TWINLENS_PAGE'),
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
