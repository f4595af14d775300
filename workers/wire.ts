/**
 * The messages between the page and the inference worker, as schemas: one parse for each direction.
 * Every call is answered exactly once, by `value` or `error`. Knows neither workers nor engines.
 */
import * as z from 'zod/mini';
import {
  type EngineEvent,
  type EngineStatus,
  IMAGE_ENCODINGS,
  type ImageInput,
  type NoticeCode,
  PRIORITIES,
  PROVIDERS,
  RAW_ENCODINGS,
} from '../core/engine.ts';
import { TwinlensError } from '../core/errors.ts';
import { parseManifest } from '../core/manifest.ts';
import { classificationSchema, errorBodySchema } from '../core/protocol.ts';
import { BACKEND_PREFERENCES, type Picture } from './engine.ts';

const isA = (value: unknown, name: 'Blob' | 'VideoFrame' | 'ImageBitmap'): boolean => {
  const type: unknown = Reflect.get(globalThis, name);
  return typeof type === 'function' && value instanceof type;
};

const picture = z.custom<Picture>(
  (value) => isA(value, 'Blob') || isA(value, 'VideoFrame') || isA(value, 'ImageBitmap'),
  'must be a Blob, a VideoFrame or an ImageBitmap',
);
const bytes = z.custom<Uint8Array<ArrayBuffer>>((value) => value instanceof Uint8Array, 'must be a Uint8Array');
const anyBytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be a Uint8Array');
const spec = z.string().check(z.maxLength(1000));

const image = z.union([
  z.object({ encoding: z.enum(IMAGE_ENCODINGS), data: anyBytes }),
  z.object({ encoding: z.enum(RAW_ENCODINGS), width: z.number(), height: z.number(), data: anyBytes }),
]) satisfies z.ZodMiniType<ImageInput>;

const prepared = z.object({
  model: z.object({ name: z.string(), version: z.number() }),
  digest: z.string(),
  pixels: bytes,
  width: z.number(),
  height: z.number(),
  sourceWidth: z.number(),
  sourceHeight: z.number(),
  timings: z.object({ decode: z.number(), prepare: z.number() }),
});

/** ClassifyOptions without the signal, which becomes a `cancel` message. */
const classifyOptions = z.object({
  top: z.optional(z.number()),
  deadlineMs: z.optional(z.number()),
  priority: z.optional(z.enum(PRIORITIES)),
  stream: z.optional(z.string()),
});

const loadedModel = z.object({
  name: z.string(),
  version: z.number(),
  variant: z.string(),
  title: z.string(),
  provider: z.enum(PROVIDERS),
  classes: z.number(),
  notSureBelow: z.number(),
});

const manifest = z.pipe(z.unknown(), z.transform(parseManifest));
const nothing = z.object({});

const capabilities = z.object({
  wasm: z.object({ available: z.boolean(), threads: z.number(), reason: z.string() }),
  webgpu: z.object({ available: z.boolean(), fallbackAdapter: z.boolean(), reason: z.string() }),
  crossOriginIsolated: z.boolean(),
  storage: z.object({ usage: z.number(), quota: z.number(), kind: z.enum(['opfs', 'indexeddb', 'memory']) }),
});

/** What each method takes and gives. */
export const METHODS = {
  load: { in: z.object({ spec }), out: loadedModel },
  unload: { in: nothing, out: nothing },
  describe: { in: z.object({ spec }), out: manifest },
  classify: { in: z.object({ image, options: classifyOptions }), out: classificationSchema },
  prepare: { in: z.object({ picture }), out: prepared },
  classifyPrepared: { in: z.object({ prepared, options: classifyOptions }), out: classificationSchema },
  classifyPicture: { in: z.object({ picture, options: classifyOptions }), out: classificationSchema },
  encode: { in: z.object({ picture }), out: z.object({ encoding: z.enum(IMAGE_ENCODINGS), data: bytes }) },
  capabilities: { in: nothing, out: capabilities },
  clearStore: { in: nothing, out: nothing },
} as const;

export type Method = keyof typeof METHODS;
export type Params<M extends Method> = z.output<(typeof METHODS)[M]['in']>;
export type Result<M extends Method> = z.output<(typeof METHODS)[M]['out']>;

const id = z.int().check(z.nonnegative());

const startSchema = z.object({
  kind: z.literal('start'),
  /** Absolute origin of the gateway, without a slash at the end. */
  gatewayUrl: z.string(),
  backend: z.enum(BACKEND_PREFERENCES),
});
export type Start = z.infer<typeof startSchema>;

const toWorker = z.discriminatedUnion('kind', [
  startSchema,
  z.object({ kind: z.literal('call'), id, method: z.enum(Object.keys(METHODS) as Method[]), params: z.unknown() }),
  z.object({ kind: z.literal('cancel'), id }),
]);
/** `params` is read by `parseParams` once the method is known. */
export type ToWorker = z.infer<typeof toWorker>;

const progress = z.object({
  phase: z.enum(['manifest', 'download', 'verify', 'compile', 'check']),
  loadedBytes: z.number(),
  totalBytes: z.number(),
  fromStore: z.boolean(),
});
const status = z.discriminatedUnion('state', [
  z.object({ state: z.literal('empty') }),
  z.object({ state: z.literal('loading'), spec: z.string(), progress }),
  z.object({ state: z.literal('ready'), model: loadedModel }),
  z.object({ state: z.literal('failed'), spec: z.string(), error: errorBodySchema }),
]) satisfies z.ZodMiniType<EngineStatus>;

const noticeCode = z.enum([
  'BACKEND_CHOSEN',
  'WEBGPU_REJECTED',
  'DEVICE_LOST',
  'WORKER_RESTARTED',
  'STORE_UNAVAILABLE',
  'RECONNECTING',
  'RECONNECTED',
]) satisfies z.ZodMiniType<NoticeCode>;
const event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('status'), status }),
  z.object({ type: z.literal('notice'), code: noticeCode, message: z.string() }),
]) satisfies z.ZodMiniType<EngineEvent>;

const fromWorker = z.discriminatedUnion('kind', [
  /** The worker's code runs; sent once. */
  z.object({ kind: z.literal('hello') }),
  z.object({ kind: z.literal('value'), id, value: z.unknown() }),
  z.object({ kind: z.literal('error'), id, error: errorBodySchema }),
  z.object({ kind: z.literal('event'), event }),
  /** The worker can't go on (a lost GPU that doesn't come back) and asks to be replaced. */
  z.object({ kind: z.literal('replace'), reason: z.string() }),
]);
/** `value` is read by `parseResult` once the call is known. */
export type FromWorker = z.infer<typeof fromWorker>;

function read<T>(schema: z.ZodMiniType<T>, value: unknown, what: string, code: 'INVALID_ARGUMENT' | 'INTERNAL'): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'value'} ${issue.message}`);
  throw new TwinlensError(code, `${what} is not valid: ${mistakes.join('; ')}.`);
}

export const parseToWorker = (value: unknown): ToWorker =>
  read(toWorker, value, 'A message to the inference worker', 'INTERNAL');
export const parseFromWorker = (value: unknown): FromWorker =>
  read(fromWorker, value, 'A message of the inference worker', 'INTERNAL');

/** Throws INVALID_ARGUMENT: what the caller of the engine handed in is wrong. */
export function parseParams<M extends Method>(method: M, value: unknown): Params<M> {
  const schema: z.ZodMiniType = METHODS[method].in;
  return read(schema, value, `What was handed to ${method}()`, 'INVALID_ARGUMENT') as Params<M>;
}

export function parseResult<M extends Method>(method: M, value: unknown): Result<M> {
  const schema: z.ZodMiniType = METHODS[method].out;
  return read(schema, value, `The answer of ${method}()`, 'INTERNAL') as Result<M>;
}

/** What moves to the other side instead of being copied. */
export function transferables(value: Picture | Uint8Array<ArrayBuffer>): Transferable[] {
  if (value instanceof Uint8Array) return [value.buffer];
  return isA(value, 'Blob') ? [] : [value as VideoFrame | ImageBitmap];
}
