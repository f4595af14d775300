/**
 * The messages between the gateway and its instances, as JSON over a pipe; the bytes of an order's pictures follow it, in
 * order. One parse a direction.
 */
import { z } from 'zod';
import { GATEWAY_PROVIDERS, IMAGE_ENCODINGS, type ImageInput, PROVIDERS, RAW_ENCODINGS } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import { parseManifest } from '../../core/manifest.ts';
import { errorBodySchema } from '../../core/protocol.ts';
import type { Message } from './pipe.ts';

/** Of a picture. */
const bytes = z.int().min(0);
/** Any number at all: whether it fits the bytes is judged where they are read, which refuses this image alone. */
const size = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN); // JSON has no word for what is not finite.
const pictureSchema = z.discriminatedUnion('encoding', [
  z.object({ encoding: z.enum(RAW_ENCODINGS), width: size, height: size, bytes }),
  z.object({ encoding: z.enum(IMAGE_ENCODINGS), bytes }),
]);

/** How ONNX Runtime's sessions are made, whatever model is in them. */
const runtimeSchema = z.object({
  /** Intra-op threads. */
  threads: z.int().min(1),
  /** On the CPU: whether memory of a run is kept for the next one, or given back. */
  arena: z.enum(['keep', 'release']),
  /** Share of a GPU's memory in use from which on no session is made on it; 0: none is too much. */
  gpuMemoryPercent: z.int().min(0).max(100),
});
export type Runtime = z.infer<typeof runtimeSchema>;

const orderSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('load'),
    /** Folder of the model package. */
    folder: z.string(),
    /** The gateway's own reading of model.json: what is on disk may have changed since. */
    manifest: z.unknown().transform(parseManifest),
    /** In the order in which they are tried. */
    providers: z.array(z.enum(GATEWAY_PROVIDERS)).min(1).readonly(),
    runtime: runtimeSchema,
    maxPixels: z.int().min(1),
    /** Largest batch that will be sent; 0: the provider's default. Every size up to it is run before `loaded`. */
    batchMax: z.int().min(0),
    /** Whether pictures are decoded side by side on threads of their own; on a GPU they always are. */
    decodeOnThreads: z.boolean(),
    /** Whether the warm-up measures what batches cost. */
    measure: z.boolean(),
  }),
  z.object({
    type: z.literal('pace'),
    /** For how long pictures are run. */
    ms: z.int().min(1),
  }),
  z.object({
    type: z.literal('run'),
    id: z.int(),
    items: z.array(z.object({ picture: pictureSchema, top: z.int() })),
  }),
]);
type Order = z.infer<typeof orderSchema>;

export interface RunItem {
  readonly image: ImageInput;
  /** Predictions wanted. */
  readonly top: number;
}
export type ToInstance =
  | Extract<Order, { type: 'load' | 'pace' }>
  | { readonly type: 'run'; readonly id: number; readonly items: readonly RunItem[] };
export type LoadOrder = Omit<Extract<ToInstance, { type: 'load' }>, 'type' | 'measure'>;

const prediction = z.object({ label: z.string(), index: z.int(), score: z.number() });
const itemResultSchema = z.discriminatedUnion('ok', [
  z.object({
    ok: z.literal(true),
    predictions: z.array(prediction),
    /** Milliseconds. */
    decode: z.number(),
    prepare: z.number(),
  }),
  z.object({ ok: z.literal(false), error: errorBodySchema }),
]);
export type ItemResult = z.infer<typeof itemResultSchema>;

/** What an instance does before it serves, in order. */
const INSTANCE_STAGES = ['load', 'goldens', 'warm-up'] as const;
export type InstanceStage = (typeof INSTANCE_STAGES)[number];
/** Resident memory of the instance, bytes. */
const residentBytes = z.number().min(0);

const fromInstanceSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stage'), stage: z.enum(INSTANCE_STAGES) }),
  z.object({
    type: z.literal('loaded'),
    provider: z.enum(PROVIDERS),
    /** Why the providers before it don't run. */
    note: z.string().optional(),
    /** What a run costs by its images; none where it was not to be measured. */
    costs: z.array(z.object({ size: z.int().min(1), ms: z.number().min(0) })).readonly(),
    residentBytes,
  }),
  z.object({ type: z.literal('loadFailed'), error: errorBodySchema }),
  z.object({
    type: z.literal('ran'),
    id: z.int(),
    items: z.array(itemResultSchema),
    /** Milliseconds of the run itself. */
    infer: z.number(),
    /** Images in the run: those of the order that could be decoded. */
    batchSize: z.int(),
    residentBytes,
  }),
  z.object({
    type: z.literal('paced'),
    /** Pictures. */
    perSecond: z.number().min(0),
  }),
]);
export type FromInstance = z.infer<typeof fromInstanceSchema>;
export type Loaded = Extract<FromInstance, { type: 'loaded' }>;
export type Ran = Extract<FromInstance, { type: 'ran' }>;

/** The message as what goes over the pipe: what JSON can say, and the bytes behind it. */
export function formatToInstance(message: ToInstance): { readonly value: unknown; readonly payload: Uint8Array[] } {
  if (message.type !== 'run') return { value: message, payload: [] };
  const items = message.items.map(({ image: { data, ...about }, top }) => ({
    picture: { ...about, bytes: data.byteLength },
    top,
  }));
  return { value: { ...message, items }, payload: message.items.map(({ image }) => image.data) };
}

/** Pictures are views into the payload. */
export function parseToInstance({ value, payload }: Message): ToInstance {
  const order: Order = orderSchema.parse(value);
  if (order.type !== 'run') return order;
  let at = 0;
  const items = order.items.map(({ picture: { bytes: length, ...about }, top }): RunItem => {
    at += length;
    return { image: { ...about, data: payload.subarray(at - length, at) }, top };
  });
  if (at === payload.byteLength) return { ...order, items };
  throw new TwinlensError('INTERNAL', `An order of ${at} bytes of pictures came with ${payload.byteLength}.`);
}

export const parseFromInstance = ({ value }: Message): FromInstance => fromInstanceSchema.parse(value);
