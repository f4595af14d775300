/**
 * Makes a package of a draft: looks into its graphs, names its classes, lays its files out, runs it on the CPU and
 * writes what it gave as the goldens of its manifest. Every ONNX file is touched by processes of its own only.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import {
  type FileEntry,
  type InputSpec,
  type Manifest,
  type OutputSpec,
  parseManifest,
  type Variant,
} from '../../core/manifest.ts';
import { inspectModel, type Recorded, recordScores } from '../instances/index.ts';
import type { Draft, DraftVariant } from './draft.ts';
import { activationOf, checkScores, largestDifference, TOLERANCES, toGoldens } from './goldens.ts';
import { checkClassCount, type GraphOutput, readInput, readOutput } from './graph.ts';
import type { ImportedPackage } from './import.ts';
import { bytesOf, entryOf, type Material, takeFile } from './material.ts';
import { drawPictures } from './pictures.ts';
import { describePreprocessing } from './preprocessing.ts';
import type { Steps } from './steps.ts';

export interface MakeOptions {
  readonly into: string;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly maxPixels: number;
  readonly threads: number;
  /** Milliseconds that a process may look at the model. */
  readonly probeMs: number;
}

export interface Details {
  readonly version: number;
  readonly source: string;
  readonly notSureBelow: number;
}

interface NamedVariant extends DraftVariant {
  readonly name: Variant['name'];
}

interface Inspection {
  /** Those that can be run; the first one is the default. */
  readonly variants: readonly NamedVariant[];
  readonly input: InputSpec;
  readonly output: GraphOutput;
  readonly batchMax: number;
}

/** Largest batch of a graph that takes any. */
const BATCH_MAX = 32;
const CLASS_NAMES = 'classes.json';

const bad = (message: string) => new TwinlensError('INVALID_ARGUMENT', message);

async function inspectVariant(material: Material, { file }: DraftVariant, draft: Draft, options: MakeOptions) {
  const { probeMs, signal } = options;
  const graph = await inspectModel(join(material.folder, file), { timeoutMs: probeMs, signal });
  const found = readInput(graph);
  const { preprocessing, note } = draft.prepare(found);
  const input: InputSpec = { name: found.name, layout: found.layout, datatype: 'float32', ...preprocessing };
  return {
    input,
    note,
    numbers: graph.numbers,
    output: readOutput(graph, draft.classNames.length),
    batchMax: found.batch === 'any' ? BATCH_MAX : 1,
  };
}

/** All variants of a model share one input and one output: what is different from the first one is left out. */
async function inspectAll(material: Material, draft: Draft, options: MakeOptions) {
  const variants: NamedVariant[] = [];
  const leftOut: string[] = [];
  let first: Awaited<ReturnType<typeof inspectVariant>> | undefined;
  let refusal: TwinlensError | undefined;
  let batchMax = Number.POSITIVE_INFINITY;
  for (const variant of draft.variants) {
    try {
      const one = await inspectVariant(material, variant, draft, options);
      first ??= one;
      if (JSON.stringify([one.input, one.output]) !== JSON.stringify([first.input, first.output])) {
        throw bad('Its inputs and outputs are not those of the default variant.');
      }
      batchMax = Math.min(batchMax, one.batchMax);
      variants.push({ file: variant.file, name: variant.name ?? one.numbers });
    } catch (error) {
      const known = asTwinlensError(error);
      if (known.code !== 'INVALID_ARGUMENT') throw known;
      refusal ??= known;
      leftOut.push(`${variant.name ?? variant.file} is left out: ${known.message}`);
    }
  }
  if (!first) throw refusal ?? bad('There is no variant.');
  const value: Inspection = { variants, input: first.input, output: first.output, batchMax };
  const { input, note } = first;
  const batches = batchMax === 1 ? 'one picture at a time' : `batches up to ${batchMax}`;
  const found = `${describePreprocessing(input)}, ${input.layout} float32, ${batches}`;
  return { value, message: [found, ...(note === '' ? [] : [note]), ...leftOut].join('; ').slice(0, 1500) };
}

interface LaidOut {
  readonly folder: string;
  readonly files: Readonly<Record<string, FileEntry>>;
  readonly variants: readonly Variant[];
  readonly images: readonly string[];
  readonly pictures: readonly Uint8Array[];
}

/** Where a variant's file goes: the default one is model.onnx, as everywhere. */
const placeOf = (name: Variant['name'], isDefault: boolean) => (isDefault ? 'model.onnx' : `model-${name}.onnx`);

async function layOut(material: Material, draft: Draft, inspected: Inspection, options: MakeOptions): Promise<LaidOut> {
  const { into, maxBytes } = options;
  const bytes = await bytesOf(
    material,
    inspected.variants.map(({ file }) => file),
  );
  if (bytes > maxBytes) {
    throw new TwinlensError('PAYLOAD_TOO_LARGE', `The model has ${bytes} bytes; at most ${maxBytes} are taken.`);
  }
  const folder = join(into, 'package');
  await mkdir(join(folder, 'goldens'), { recursive: true });
  const variants: Variant[] = [];
  for (const { name, file } of inspected.variants) {
    const place = placeOf(name, variants.length === 0);
    await takeFile(material, file, join(folder, place));
    // A GPU computes in halves only where it has the feature. The default one is tried everywhere: WebAssembly runs it.
    const halves = name === 'fp16' && variants.length > 0;
    variants.push({ name, file: place, requires: halves ? ['shader-f16'] : [] });
  }
  await writeFile(join(folder, CLASS_NAMES), `${JSON.stringify(draft.classNames, null, 0)}\n`);
  const drawn = await drawPictures();
  const images = drawn.map(({ name }) => `goldens/${name}.png`);
  for (const [at, { data }] of drawn.entries()) await writeFile(join(folder, images[at] ?? ''), data);
  const files: Record<string, FileEntry> = {};
  for (const file of [...variants.map((variant) => variant.file), CLASS_NAMES, ...images]) {
    files[file] = await entryOf(join(folder, file));
  }
  return { folder, files, variants, images, pictures: drawn.map(({ data }) => data) };
}

interface Tried {
  readonly activation: OutputSpec['activation'];
  readonly recorded: Recorded;
  readonly batchMax: number;
  readonly note: string;
}

/** Runs every variant on the CPU; the scores are the default one's. */
async function tryVariants(laid: LaidOut, draft: Draft, inspected: Inspection, options: MakeOptions): Promise<Tried> {
  const { probeMs, signal, maxPixels, threads } = options;
  const classes = draft.classNames.length;
  const record = async (variant: Variant, together: boolean) => {
    const path = join(laid.folder, variant.file);
    const order = { path, input: inspected.input, output: inspected.output.name, pictures: [...laid.pictures] };
    const recorded = await recordScores({ ...order, maxPixels, threads, together }, { timeoutMs: probeMs, signal });
    checkScores(recorded.scores, classes, inspected.output.name);
    return recorded;
  };
  const [first, ...others] = laid.variants;
  if (!first) throw bad('There is no variant.');
  const recorded = await record(first, inspected.batchMax > 1);
  for (const variant of others) await record(variant, false);
  const activation = activationOf(recorded.scores);
  const { together } = recorded;
  if (together === undefined) return { activation, recorded, batchMax: 1, note: '' };
  const output = outputSpec(inspected, activation, classes);
  // A graph may say that it takes any batch and then have one picture written into a reshape.
  const right = together.ok && largestDifference(recorded.scores, together.scores, output) <= TOLERANCES[first.name];
  if (right) return { activation, recorded, batchMax: inspected.batchMax, note: '' };
  const why = together.ok ? 'a batch gives other scores than its pictures alone' : `a batch fails (${together.reason})`;
  return { activation, recorded, batchMax: 1, note: `; ${why}, so it is run one picture at a time` };
}

function outputSpec({ output }: Inspection, activation: OutputSpec['activation'], classes: number): OutputSpec {
  return { name: output.name, activation, classNames: CLASS_NAMES, classes };
}

export async function makePackage(
  material: Material,
  draft: Draft,
  details: Details,
  steps: Steps,
  options: MakeOptions,
): Promise<ImportedPackage> {
  const classes = draft.classNames.length;
  const inspected = await steps.run('graph', 'Looking into the graph', () => inspectAll(material, draft, options));
  await steps.run('classes', 'Counting classes', async () => {
    checkClassCount(inspected.output, classes);
    return { value: undefined, message: `${classes} class names, one a number of ${inspected.output.name}` };
  });
  const laid = await steps.run('files', 'Laying out the package', async () => {
    const value = await layOut(material, draft, inspected, options);
    const bytes = Object.values(value.files).reduce((sum, entry) => sum + entry.bytes, 0);
    return { value, message: `${Object.keys(value.files).length} files, ${(bytes / 1e6).toFixed(1)} MB` };
  });
  const manifest = await steps.run('load', 'Loading the model in a process of its own', async () => {
    const tried = await tryVariants(laid, draft, inspected, options);
    const output = outputSpec(inspected, tried.activation, classes);
    const [first] = laid.variants;
    if (!first) throw bad('There is no variant.');
    const value: Manifest = parseManifest({
      format: 'twinlens-model/1',
      name: draft.name,
      version: details.version,
      title: draft.title,
      licence: draft.licence,
      source: details.source,
      files: laid.files,
      variants: laid.variants,
      defaultVariant: first.name,
      input: inspected.input,
      output,
      goldens: toGoldens(laid.images, tried.recorded.scores, output, TOLERANCES[first.name]),
      batch: { max: tried.batchMax },
      notSureBelow: details.notSureBelow,
    });
    await writeFile(join(laid.folder, 'model.json'), `${JSON.stringify(value, null, 2)}\n`);
    const gives = tried.activation === 'softmax' ? 'probabilities' : 'logits';
    return { value, message: `Ran on cpu in ${tried.recorded.runMs.toFixed(1)} ms; it gives ${gives}${tried.note}` };
  });
  return { folder: laid.folder, manifest };
}
