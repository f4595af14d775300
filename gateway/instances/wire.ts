/**
 * The messages between the gateway and its instances, over the IPC channel of `child_process.fork`
 * with structured clone. One parse a direction; bytes travel as Uint8Array.
 */
import { z } from 'zod';
import { GATEWAY_PROVIDERS, type ImageInput, PROVIDERS } from '../../core/engine.ts';
import { parseManifest } from '../../core/manifest.ts';
import { errorBodySchema } from '../../core/protocol.ts';

const bytes = z.instanceof(Uint8Array);
/** Any number at all: whether it fits the bytes is judged where they are read, which refuses this image alone. */
const size = z.custom<number>((value) => typeof value === 'number');
const imageSchema: z.ZodType<ImageInput> = z.union([
  z.object({ encoding: z.enum(['rgb8', 'rgba8']), width: size, height: size, data: bytes }),
  z.object({ encoding: z.enum(['jpeg', 'png', 'webp', 'avif']), data: bytes }),
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

const toInstanceSchema = z.discriminatedUnion('type', [
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
    /** Whether the warm-up measures what batches cost. */
    measure: z.boolean(),
  }),
  z.object({
    type: z.literal('run'),
    id: z.int(),
    items: z.array(z.object({ image: imageSchema, top: z.int() })),
  }),
]);
export type ToInstance = z.infer<typeof toInstanceSchema>;
export type RunItem = Extract<ToInstance, { type: 'run' }>['items'][number];
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
]);
export type FromInstance = z.infer<typeof fromInstanceSchema>;
export type Loaded = Extract<FromInstance, { type: 'loaded' }>;
export type Ran = Extract<FromInstance, { type: 'ran' }>;

export const parseToInstance = (value: unknown): ToInstance => toInstanceSchema.parse(value);
export const parseFromInstance = (value: unknown): FromInstance => fromInstanceSchema.parse(value);
