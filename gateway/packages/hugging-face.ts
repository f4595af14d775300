/** A Hugging Face image-classification folder: `config.json`, `preprocessor_config.json` and `onnx/model*.onnx`. */
import { z } from 'zod';
import type { ImportHints } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { describeMistakes } from '../../core/mistakes.ts';
import { findClassNames, parseNames } from './class-names.ts';
import { type Draft, type DraftVariant, naming } from './draft.ts';
import { readImageProcessor } from './image-processor.ts';
import { type Material, readJson, readText } from './material.ts';

const CONFIG = 'config.json';
const PREPROCESSOR = 'preprocessor_config.json';

const configSchema = z.looseObject({
  architectures: z.array(z.string()).nullish(),
  model_type: z.string().nullish(),
  problem_type: z.string().nullish(),
  num_channels: z.int().nullish(),
  id2label: z.record(z.string(), z.string()).nullish(),
});

/** Files of each variant, as optimum and transformers.js name them; best first. */
const VARIANT_FILES = [
  { name: 'fp32', file: 'model.onnx' },
  { name: 'fp16', file: 'model_fp16.onnx' },
  { name: 'int8', file: 'model_quantized.onnx' },
  { name: 'int8', file: 'model_int8.onnx' },
  { name: 'int8', file: 'model_uint8.onnx' },
] as const satisfies readonly DraftVariant[];

const bad = (message: string) => new TwinlensError('INVALID_ARGUMENT', message);

export function isHuggingFace({ files }: Material): boolean {
  return files.includes(CONFIG) && (files.includes(PREPROCESSOR) || files.some((file) => file.startsWith('onnx/')));
}

function findVariants({ files }: Material): DraftVariant[] {
  const found = new Map<string, DraftVariant>();
  for (const { name, file } of VARIANT_FILES) {
    const path = [`onnx/${file}`, file].find((candidate) => files.includes(candidate));
    if (path !== undefined && !found.has(name)) found.set(name, { name, file: path });
  }
  if (found.size > 0) return [...found.values()];
  throw bad(
    `The folder has no onnx/model.onnx (nor _fp16, _quantized, _int8 or _uint8); export it with optimum: optimum-cli export onnx --task image-classification.`,
  );
}

/** Names in the order of the output. */
function labelsOf(id2label: Readonly<Record<string, string>>): readonly string[] {
  const count = Object.keys(id2label).length;
  const names = Array.from({ length: count }, (_, at) => id2label[String(at)]);
  const missing = names.indexOf(undefined);
  if (missing >= 0) throw bad(`${CONFIG}: id2label has ${count} names, but none for ${missing}.`);
  return parseNames(names, `${CONFIG}: id2label`);
}

/** The licence that the model card's front matter names. */
async function licenceOf(material: Material): Promise<string | undefined> {
  if (!material.files.includes('README.md')) return undefined;
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(await readText(material, 'README.md'))?.[1] ?? '';
  return /^license:[ \t]*["']?([A-Za-z0-9][\w.+-]*)/m.exec(front)?.[1];
}

/** Throws INVALID_ARGUMENT for what it can't honour. */
export async function readHuggingFace(
  material: Material,
  stem: string,
  hints: ImportHints,
  imagenetNames: string,
): Promise<Draft> {
  if (hints.preset !== undefined) {
    throw bad(`The folder says how pictures are prepared (${PREPROCESSOR}); leave the preset out.`);
  }
  const parsed = configSchema.safeParse(await readJson(material, CONFIG));
  if (!parsed.success) throw bad(`${CONFIG}: ${describeMistakes(parsed.error, 'the file')}`);
  const config = parsed.data;
  const architecture = config.architectures?.[0];
  if (architecture !== undefined && !architecture.endsWith('ForImageClassification')) {
    // DeiT and LeViT have a ...ForImageClassificationWithTeacher whose export has the same scores.
    if (!architecture.endsWith('ForImageClassificationWithTeacher')) {
      throw bad(`${CONFIG} says ${architecture}; only image classification is served.`);
    }
  }
  if (config.problem_type === 'multi_label_classification') {
    throw bad(`${CONFIG} says multi_label_classification; only models with one class a picture are served.`);
  }
  const channels = config.num_channels ?? 3;
  if (channels !== 1 && channels !== 3) throw bad(`${CONFIG} says ${channels} channels; 1 or 3 are served.`);
  const variants = findVariants(material);
  const named = hints.classNames ? await findClassNames(hints, material, imagenetNames) : undefined;
  const classNames = named ?? (config.id2label ? labelsOf(config.id2label) : undefined);
  if (!classNames) throw bad(`${CONFIG} has no id2label; give the class names in the order of the output.`);
  if (!material.files.includes(PREPROCESSOR)) {
    throw bad(`The folder has no ${PREPROCESSOR}, which says how pictures are prepared; add it.`);
  }
  const preprocessing = readImageProcessor(await readJson(material, PREPROCESSOR), {
    modelType: config.model_type ?? undefined,
    channels,
  });
  return {
    ...naming(hints, stem, await licenceOf(material)),
    variants,
    classNames,
    what: `A Hugging Face folder${architecture === undefined ? '' : ` (${architecture})`}, variants ${variants.map(({ name }) => name).join(', ')}`,
    prepare(graph) {
      const fits =
        (graph.channels ?? channels) === channels &&
        (graph.width ?? preprocessing.width) === preprocessing.width &&
        (graph.height ?? preprocessing.height) === preprocessing.height;
      if (fits) return { preprocessing, note: '' };
      throw bad(
        `The graph takes ${graph.width ?? 'any'} x ${graph.height ?? 'any'} pixels with ${graph.channels ?? 'any'} channels, but ${PREPROCESSOR} makes ${preprocessing.width} x ${preprocessing.height} with ${channels}.`,
      );
    },
  };
}
