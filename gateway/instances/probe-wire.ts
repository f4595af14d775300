/**
 * The messages between the gateway and a probe, over the IPC channel of `child_process.fork` with structured clone:
 * one question, one answer. One parse a direction.
 */
import { z } from 'zod';
import { inputSchema, VARIANT_NAMES } from '../../core/manifest.ts';
import { errorBodySchema } from '../../core/protocol.ts';

const bytes: z.ZodType<Uint8Array> = z.instanceof(Uint8Array);
const values: z.ZodType<Float32Array> = z.instanceof(Float32Array);

const questionSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('inspect'),
    /** Path of the ONNX file. */
    path: z.string(),
  }),
  z.object({
    kind: z.literal('record'),
    path: z.string(),
    input: inputSchema,
    /** Name of the output that has the scores. */
    output: z.string(),
    /** PNG files. */
    pictures: z.array(bytes).min(1),
    maxPixels: z.int().min(1),
    /** ONNX Runtime intra-op threads. */
    threads: z.int().min(1),
    /** Also runs all pictures in one batch. */
    together: z.boolean(),
  }),
]);
export type Question = z.infer<typeof questionSchema>;
export type RecordOrder = Omit<Extract<Question, { kind: 'record' }>, 'kind'>;

const valueSchema = z.object({
  name: z.string(),
  /** ONNX Runtime's word, such as float32 or float16; `sequence` for what is no tensor. */
  datatype: z.string(),
  /** A number, or the name of a size that is free; empty where the graph doesn't say. */
  shape: z.array(z.union([z.number(), z.string()])),
});
export type GraphValue = z.infer<typeof valueSchema>;

const answerSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('inspected'),
    inputs: z.array(valueSchema),
    outputs: z.array(valueSchema),
    /** What the graph computes with. */
    numbers: z.enum(VARIANT_NAMES),
  }),
  z.object({
    kind: z.literal('recorded'),
    /** The output's values as they are, one array a picture. */
    scores: z.array(values),
    /** Milliseconds of the fastest run of one picture. */
    runMs: z.number(),
    /** Of the batch, where it was asked for. */
    together: z
      .discriminatedUnion('ok', [
        z.object({ ok: z.literal(true), scores: z.array(values) }),
        z.object({ ok: z.literal(false), reason: z.string() }),
      ])
      .optional(),
  }),
  z.object({ kind: z.literal('failed'), error: errorBodySchema }),
]);
export type Answer = z.infer<typeof answerSchema>;
export type Inspected = Omit<Extract<Answer, { kind: 'inspected' }>, 'kind'>;
export type Recorded = Omit<Extract<Answer, { kind: 'recorded' }>, 'kind'>;

export const parseQuestion = (value: unknown): Question => questionSchema.parse(value);
export const parseAnswer = (value: unknown): Answer => answerSchema.parse(value);
