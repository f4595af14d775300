/**
 * The wire protocol `twinlens.v1`: every message as a schema, and one parse for each direction.
 * Knows no socket. What clients send is read strictly (an unknown field is a mistake worth telling);
 * what the gateway sends is read leniently, so that it may grow fields.
 */
import * as z from 'zod/mini';
import { DEGRADATIONS, IMAGE_ENCODINGS, PRIORITIES, PROVIDERS } from './engine.ts';
import { type ErrorCode, isErrorCode, TwinlensError } from './errors.ts';
import { describeMistakes } from './mistakes.ts';
import { MAX_SPEC_LENGTH } from './model-spec.ts';
import { MAX_TOP } from './top.ts';

export const SUBPROTOCOL = 'twinlens.v1';
export const STREAM_PATH = '/v1/stream';

const id = z.string().check(z.minLength(1), z.maxLength(64));
const spec = z.string().check(z.minLength(1), z.maxLength(MAX_SPEC_LENGTH));
const dimension = z.int().check(z.minimum(1), z.maximum(65_535));

const imageSchema = z.discriminatedUnion('encoding', [
  z.strictObject({ encoding: z.enum(IMAGE_ENCODINGS) }),
  z.strictObject({ encoding: z.literal('rgb8'), width: dimension, height: dimension }),
  z.strictObject({ encoding: z.literal('rgba8'), width: dimension, height: dimension }),
]);
/** What the payload is; the bytes themselves follow the header. */
export type ImageDescriptor = z.infer<typeof imageSchema>;

const classifySchema = z.strictObject({
  type: z.literal('classify'),
  /** Chosen by the client; unique among its requests in flight. */
  id,
  model: z.optional(spec),
  top: z.optional(z.int().check(z.minimum(1), z.maximum(MAX_TOP))),
  image: imageSchema,
  deadlineMs: z.optional(z.int().check(z.minimum(1), z.maximum(600_000))),
  priority: z.optional(z.enum(PRIORITIES)),
  stream: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
  /** Requests with the same key are answered by the same version while a canary runs. */
  key: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
  /** W3C trace context; one that is not valid counts as none. */
  traceparent: z.optional(z.string().check(z.minLength(1), z.maxLength(256))),
});
export type ClassifyMessage = z.infer<typeof classifySchema>;

const clientSchema = z.discriminatedUnion('type', [
  classifySchema,
  z.strictObject({ type: z.literal('cancel'), id }),
  /** Wants lifecycle events of these models; an empty list means all. Replaces an earlier subscription. */
  z.strictObject({
    type: z.literal('subscribe'),
    models: z.array(z.string().check(z.minLength(1), z.maxLength(64))).check(z.maxLength(64)),
  }),
  z.strictObject({ type: z.literal('ping'), id }),
]);
export type ClientMessage = z.infer<typeof clientSchema>;
/** Messages that travel as text; `classify` always travels as a binary frame. */
export type ClientTextMessage = Exclude<ClientMessage, ClassifyMessage>;

const predictionSchema = z.object({ label: z.string(), index: z.int(), score: z.number() });
const timingsSchema = z.object({
  queue: z.number(),
  decode: z.number(),
  prepare: z.number(),
  infer: z.number(),
  total: z.number(),
});

export const classificationSchema = z.object({
  model: z.string(),
  version: z.int(),
  variant: z.string(),
  predictions: z.array(predictionSchema),
  notSure: z.boolean(),
  provider: z.enum(PROVIDERS),
  cached: z.boolean(),
  timings: timingsSchema,
  batchSize: z.int(),
  /** Another model or provider than the one asked for first answered. */
  degraded: z.optional(z.object({ from: z.string(), reason: z.enum(DEGRADATIONS) })),
});

const errorCode = z.custom<ErrorCode>(isErrorCode, 'unknown error code');
export const errorBodySchema = z.object({
  code: errorCode,
  message: z.string(),
  retryable: z.boolean(),
  retryAfterMs: z.optional(z.number()),
});

const modelSummarySchema = z.object({
  name: z.string(),
  title: z.string(),
  /** The model that answers when a request names none. */
  default: z.boolean(),
  /** Versions that can answer now, ascending. */
  versions: z.array(z.int()),
  labels: z.record(z.string(), z.int()),
});
export type ModelSummary = z.infer<typeof modelSummarySchema>;

const limitsSchema = z.object({
  /** Requests of one socket that may wait for their answer at once. */
  maxInFlight: z.int(),
  /** Bytes of one frame or body. */
  maxBytes: z.int(),
  /** Pixels (width * height) of one picture. */
  maxPixels: z.int(),
});
export type Limits = z.infer<typeof limitsSchema>;

const gatewaySchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    protocol: z.literal(SUBPROTOCOL),
    server: z.string(),
    limits: limitsSchema,
    models: z.array(modelSummarySchema),
    /** Pages are asked to report how fast their devices answer; left out: they are not. */
    deviceReports: z.optional(z.boolean()),
  }),
  z.extend(classificationSchema, { type: z.literal('result'), id }),
  z.extend(errorBodySchema, { type: z.literal('error'), id: z.optional(id) }),
  z.object({
    type: z.literal('model'),
    event: z.enum(['available', 'label', 'retired']),
    model: z.string(),
    version: z.int(),
    /** Set when `event` is `label`: the label that now names `version`. */
    label: z.optional(z.string()),
  }),
  z.object({ type: z.literal('goodbye'), retryAfterMs: z.number() }),
  z.object({ type: z.literal('pong'), id }),
]);
export type GatewayMessage = z.infer<typeof gatewaySchema>;
export type ModelEvent = Extract<GatewayMessage, { type: 'model' }>;

const modelsSchema = z.object({ models: z.array(modelSummarySchema) });

/** `idle`: known, and not wanted now. */
export const VERSION_STATES = ['idle', 'loading', 'available', 'unloading', 'failed'] as const;

/** Body of `GET /v1/models/{name}`. The manifest is unknown here; `parseManifest` reads it. */
const modelDetailSchema = z.extend(modelSummarySchema, {
  details: z.array(
    z.object({
      version: z.int(),
      state: z.enum(VERSION_STATES),
      /** Why the state is `failed`. */
      reason: z.optional(z.string()),
      provider: z.optional(z.enum(PROVIDERS)),
      manifest: z.unknown(),
    }),
  ),
});
export type ModelDetail = z.infer<typeof modelDetailSchema>;

const mistakes = (error: z.core.$ZodError): string => describeMistakes(error, 'message');

/** A message of a client from its text. Throws INVALID_ARGUMENT naming each wrong field. */
export function parseClientMessage(text: string): ClientMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', 'The message is not valid JSON.', { cause });
  }
  const parsed = clientSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TwinlensError('INVALID_ARGUMENT', `The message is not valid: ${mistakes(parsed.error)}`);
}

/** A message of the gateway from its text. Throws INTERNAL: the two ends don't speak the same protocol. */
export function parseGatewayMessage(text: string): GatewayMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TwinlensError('INTERNAL', 'The gateway sent a message that is not valid JSON.', { cause });
  }
  return parseBody(gatewaySchema, value, 'a message');
}

function parseBody<T>(schema: z.ZodMiniType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TwinlensError(
    'INTERNAL',
    `The gateway sent ${what} that this client can't read: ${mistakes(parsed.error)}`,
  );
}

export const parseModels = (value: unknown): readonly ModelSummary[] =>
  parseBody(modelsSchema, value, 'a model list').models;
export const parseModelDetail = (value: unknown): ModelDetail =>
  parseBody(modelDetailSchema, value, 'a model description');
export const parseClassification = (value: unknown) => parseBody(classificationSchema, value, 'a classification');

/** Schemas for the generated documents (OpenAPI, AsyncAPI). */
export const SCHEMAS = {
  clientMessage: clientSchema,
  gatewayMessage: gatewaySchema,
  classification: classificationSchema,
  error: errorBodySchema,
  models: modelsSchema,
  modelDetail: modelDetailSchema,
} as const;
