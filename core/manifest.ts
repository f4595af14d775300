/**
 * The model manifest (`model.json`): one schema for both sides, and the parse that is the only way
 * from unknown JSON to a `Manifest`. Knows nothing of where files are kept or how they are fetched.
 */
import * as z from 'zod/mini';
import type { LoadedModel, Provider } from './engine.ts';
import { TwinlensError } from './errors.ts';
import { describeMistakes } from './mistakes.ts';
import { modelNameSchema, versionSchema } from './names.ts';

/** A path inside the package: forward slashes, no empty, `.` or `..` part, no absolute path. */
const FILE_PATH = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;

const filePath = z.string().check(z.maxLength(200), z.regex(FILE_PATH, 'must be a relative path inside the package'));

const fileSchema = z.strictObject({
  bytes: z.int().check(z.nonnegative()),
  /** Lower-case hex. */
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});

/** Pillow's filters. */
const filter = z.enum(['bilinear', 'bicubic', 'lanczos']);
export type Filter = z.infer<typeof filter>;

const side = z.int().check(z.minimum(1), z.maximum(8192));

/** Three channels: RGB or BGR order; `L` is one channel of luma. */
const channels = z.enum(['RGB', 'BGR', 'L']);

/** The model's input and what must happen to a picture before it. */
export const inputSchema = z.strictObject({
  name: z.string().check(z.minLength(1)),
  layout: z.enum(['NCHW', 'NHWC']),
  datatype: z.enum(['float32', 'float16']),
  width: z.int().check(z.minimum(1), z.maximum(4096)),
  height: z.int().check(z.minimum(1), z.maximum(4096)),
  channels,
  /**
   * `shortest-edge`: the short side becomes `size`, the long one in proportion. `exact`: the picture becomes `to`, or
   * the input's own width x height, whatever its proportions. The crop to width x height follows.
   */
  resize: z.discriminatedUnion('rule', [
    z.strictObject({ rule: z.literal('shortest-edge'), size: side, filter }),
    z.strictObject({ rule: z.literal('exact'), to: z.optional(z.strictObject({ width: side, height: side })), filter }),
  ]),
  /** Where the crop begins when it can't be in the middle: `half-even` (torchvision's, when left out) or `down` (transformers'). */
  cropRounding: z.optional(z.enum(['half-even', 'down'])),
  /** Normalised value = (pixel * scale - mean[c]) / std[c], pixel 0..255, c in the model's channel order. */
  scale: z.number().check(z.positive()),
  mean: z.array(z.number()).check(z.minLength(1), z.maxLength(3)),
  std: z.array(z.number().check(z.positive())).check(z.minLength(1), z.maxLength(3)),
});

const outputSchema = z.strictObject({
  name: z.string().check(z.minLength(1)),
  /** What the graph has already applied to the scores. */
  activation: z.enum(['none', 'softmax']),
  /** A JSON array of names, one a class, in the order of the output. */
  classNames: filePath,
  classes: z.int().check(z.minimum(1), z.maximum(100_000)),
  embedding: z.optional(z.strictObject({ name: z.string().check(z.minLength(1)), size: z.int().check(z.minimum(1)) })),
});

const goldenSchema = z.strictObject({
  /** A PNG of the package, RGB, without colour profile. */
  image: filePath,
  /** Best classes first; scores are probabilities by the independent reference. */
  top: z
    .array(
      z.strictObject({ index: z.int().check(z.nonnegative()), score: z.number().check(z.minimum(0), z.maximum(1)) }),
    )
    .check(z.minLength(1), z.maxLength(20)),
  /** Largest allowed difference of any score. */
  tolerance: z.number().check(z.positive(), z.maximum(0.1)),
});

/** By the numbers that a variant's file computes with; `w16` keeps halves and computes in floats. */
export const VARIANT_NAMES = ['fp32', 'w16', 'fp16', 'int8'] as const;

const variantSchema = z.strictObject({
  name: z.enum(VARIANT_NAMES),
  file: filePath,
  /** Features of the runtime without which the variant can't run. */
  requires: z.array(z.enum(['shader-f16'])),
});

const manifestSchema = z
  .strictObject({
    format: z.literal('twinlens-model/1'),
    name: modelNameSchema,
    version: versionSchema,
    title: z.string().check(z.minLength(1), z.maxLength(120)),
    licence: z.string().check(z.minLength(1), z.maxLength(120)),
    /** Where the weights come from, in words or as an address. */
    source: z.string().check(z.minLength(1), z.maxLength(600)),
    files: z.record(filePath, fileSchema),
    variants: z.array(variantSchema).check(z.minLength(1), z.maxLength(8)),
    defaultVariant: z.string(),
    input: inputSchema,
    output: outputSchema,
    goldens: z.array(goldenSchema).check(z.minLength(1), z.maxLength(16)),
    batch: z.strictObject({ max: z.int().check(z.minimum(1), z.maximum(1024)) }),
    /** Best score below which the answer is "not sure"; 0 means never. */
    notSureBelow: z.number().check(z.minimum(0), z.maximum(1)),
  })
  .check(
    z.superRefine((manifest, context) => {
      const need = (path: string, where: (string | number)[]) => {
        if (!Object.hasOwn(manifest.files, path)) {
          context.addIssue({ code: 'custom', path: where, message: `names ${path}, which is not in files` });
        }
      };
      for (const [i, variant] of manifest.variants.entries()) need(variant.file, ['variants', i, 'file']);
      for (const [i, golden] of manifest.goldens.entries()) need(golden.image, ['goldens', i, 'image']);
      need(manifest.output.classNames, ['output', 'classNames']);
      if (!manifest.variants.some((variant) => variant.name === manifest.defaultVariant)) {
        context.addIssue({ code: 'custom', path: ['defaultVariant'], message: 'is not one of variants' });
      }
      const count = manifest.input.channels === 'L' ? 1 : 3;
      for (const key of ['mean', 'std'] as const) {
        if (manifest.input[key].length !== count) {
          context.addIssue({ code: 'custom', path: ['input', key], message: `needs ${count} numbers, one a channel` });
        }
      }
      if (manifest.goldens.some((golden) => golden.top.some((entry) => entry.index >= manifest.output.classes))) {
        context.addIssue({
          code: 'custom',
          path: ['goldens'],
          message: 'name a class index that the output does not have',
        });
      }
    }),
  );

export type Manifest = z.infer<typeof manifestSchema>;
export type InputSpec = Manifest['input'];
export type OutputSpec = Manifest['output'];
export type Variant = Manifest['variants'][number];
export type Golden = Manifest['goldens'][number];
export type FileEntry = z.infer<typeof fileSchema>;

/** Reads a manifest from parsed JSON. Throws INVALID_ARGUMENT that lists every mistake with its path. */
export function parseManifest(value: unknown): Manifest {
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TwinlensError('INVALID_ARGUMENT', `model.json is not valid: ${describeMistakes(parsed.error, 'manifest')}`);
}

const classNamesSchema = z.array(z.string().check(z.minLength(1), z.maxLength(200))).check(z.maxLength(100_000));

/** Reads a class-name file and checks that it has one name a class. Throws INVALID_ARGUMENT. */
export function parseClassNames(value: unknown, output: OutputSpec): readonly string[] {
  const parsed = classNamesSchema.safeParse(value);
  if (!parsed.success)
    throw new TwinlensError('INVALID_ARGUMENT', `${output.classNames} must be a JSON array of names.`);
  if (parsed.data.length !== output.classes) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `${output.classNames} has ${parsed.data.length} names, but the model has ${output.classes} classes.`,
    );
  }
  return parsed.data;
}

/** The variant called `name`, or the default one. Throws INVALID_ARGUMENT when the manifest has no such variant. */
export function variantOf(manifest: Manifest, name: string = manifest.defaultVariant): Variant {
  const found = manifest.variants.find((variant) => variant.name === name);
  if (found) return found;
  const known = manifest.variants.map((variant) => variant.name).join(', ');
  throw new TwinlensError('INVALID_ARGUMENT', `${manifest.name} has no variant ${name}; it has ${known}.`);
}

/** What an engine says of a model that it has loaded. */
export function toLoadedModel(
  manifest: Manifest,
  provider: Provider,
  variant: string = manifest.defaultVariant,
): LoadedModel {
  const { name, version, title, output, notSureBelow } = manifest;
  return { name, version, variant, title, provider, classes: output.classes, notSureBelow };
}

/** Throws INVALID_ARGUMENT when a graph with these inputs and outputs is not the one that the manifest describes. */
export function checkGraph(
  graph: { readonly inputNames: readonly string[]; readonly outputNames: readonly string[] },
  { input, output }: Manifest,
): void {
  if (graph.inputNames.length !== 1 || !graph.inputNames.includes(input.name)) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `The graph's inputs are ${graph.inputNames.join(', ')}, but model.json says ${input.name}.`,
    );
  }
  if (!graph.outputNames.includes(output.name)) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `The graph's outputs are ${graph.outputNames.join(', ')}, but model.json says ${output.name}.`,
    );
  }
}
