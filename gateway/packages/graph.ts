/**
 * From a graph's inputs and outputs, as ONNX Runtime tells them, to what a manifest needs of them. Refuses, with the
 * reason, what the gateway and the browsers can't run. Pure.
 */
import { TwinlensError } from '../../core/errors.ts';
import type { InputSpec, Manifest } from '../../core/manifest.ts';
import { tensorShape } from '../../core/normalize.ts';
import type { GraphValue, Inspected } from '../instances/index.ts';

export interface GraphInput {
  readonly name: string;
  readonly layout: InputSpec['layout'];
  /** Undefined where the graph leaves a size free. */
  readonly channels: 1 | 3 | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** Pictures at a time. */
  readonly batch: 'any' | 'one';
}

const bad = (message: string) => new TwinlensError('INVALID_ARGUMENT', message);

type Size = number | string | undefined;

/** ONNX Runtime gives -1 for a free size without a name. */
function fixed(size: Size): number | undefined {
  return typeof size === 'number' && size > 0 ? size : undefined;
}

const shapeText = ({ shape }: GraphValue): string => `[${shape.map((size) => size || '?').join(', ')}]`;

export const valueText = (value: GraphValue): string => `${value.name} ${value.datatype} ${shapeText(value)}`;

const list = (values: readonly GraphValue[]): string => values.map(valueText).join('; ') || 'none';

function channelsOf(size: Size): 1 | 3 | undefined {
  const number = fixed(size);
  return number === 1 || number === 3 ? number : undefined;
}

function batchOf(value: GraphValue): GraphInput['batch'] {
  const size = fixed(value.shape[0]);
  if (size === undefined) return 'any';
  if (size === 1) return 'one';
  throw bad(
    `The input ${value.name} takes ${size} pictures at a time, no fewer; export the model with a free batch size or 1.`,
  );
}

/** Judges the inputs. Throws INVALID_ARGUMENT. */
export function readInput({ inputs }: Pick<Inspected, 'inputs'>): GraphInput {
  const [input] = inputs;
  if (!input || inputs.length !== 1) {
    throw bad(`A classifier of pictures has one input, but the graph has ${inputs.length}: ${list(inputs)}.`);
  }
  if (input.shape.length !== 4) {
    throw bad(
      `The input ${valueText(input)} has rank ${input.shape.length}; it must be [batch, channels, height, width] or [batch, height, width, channels].`,
    );
  }
  if (input.datatype !== 'float32') {
    throw bad(
      `The input ${input.name} is ${input.datatype}; only float32 inputs are run. Export the model with float32 inputs and outputs (its weights may be of another type).`,
    );
  }
  const [, second, third, fourth] = input.shape;
  const first = channelsOf(second);
  const last = channelsOf(fourth);
  const named = { name: input.name, batch: batchOf(input) };
  // A graph that leaves its channels free is exported with them first, as PyTorch has them.
  if (first !== undefined || (fixed(second) === undefined && last === undefined)) {
    return { ...named, layout: 'NCHW', channels: first, height: fixed(third), width: fixed(fourth) };
  }
  if (last !== undefined) {
    return { ...named, layout: 'NHWC', channels: last, height: fixed(second), width: fixed(third) };
  }
  throw bad(`The input ${valueText(input)} has neither 3 (colours) nor 1 (gray) channels, first or last.`);
}

export interface GraphOutput {
  readonly name: string;
  /** Numbers a picture; undefined where the graph leaves it free. */
  readonly classes: number | undefined;
}

function outputOf(value: GraphValue): GraphOutput {
  const sizes = value.shape.slice(1).map(fixed);
  const classes = sizes.reduce<number | undefined>(
    (product, size) => (product === undefined || size === undefined ? undefined : product * size),
    1,
  );
  return { name: value.name, classes: sizes.length === 0 ? undefined : classes };
}

/** Names that exporters give to the scores, likeliest first. */
const USUAL_NAMES = ['logits', 'probabilities', 'probs', 'scores', 'output'];

/**
 * The output with the scores.
 * @param names how many class names there are, where that is known
 */
export function readOutput({ outputs }: Pick<Inspected, 'outputs'>, names: number | undefined): GraphOutput {
  const usable = outputs.filter(({ datatype }) => datatype === 'float32').map(outputOf);
  if (usable.length === 0) {
    throw bad(`The graph has no float32 output for the scores; its outputs are: ${list(outputs)}.`);
  }
  const [only] = usable;
  if (only && usable.length === 1) return only;
  const fitting = usable.filter(({ classes }) => classes === names);
  if (fitting.length === 1 && fitting[0]) return fitting[0];
  for (const usual of USUAL_NAMES) {
    const found = usable.find(({ name }) => name === usual);
    if (found) return found;
  }
  throw bad(`Which output has the scores is not clear: ${list(outputs)}. Export the model with that one only.`);
}

/** Throws INVALID_ARGUMENT, with both numbers, when there is not one name a class. */
export function checkClassCount(output: GraphOutput, names: number): void {
  if (output.classes === undefined || output.classes === names) return;
  throw bad(
    `The output ${output.name} gives ${output.classes} numbers a picture, but there are ${names} class names. Give the names in the order of the output, one each; a model that ends in features (an embedding) has no classes and can't be served: export it with its classifier.`,
  );
}

const same = (graph: number | undefined, said: number): boolean => graph === undefined || graph === said;

/** Throws INVALID_ARGUMENT when the graph takes or gives something else than the manifest says. */
export function checkAgainst(graph: Pick<Inspected, 'inputs' | 'outputs'>, { input, output, batch }: Manifest): void {
  const found = readInput(graph);
  const [, ...wanted] = tensorShape(input, 1);
  const sizes = graph.inputs[0]?.shape.slice(1).map(fixed) ?? [];
  if (found.name !== input.name || !wanted.every((size, at) => same(sizes[at], size))) {
    throw bad(
      `The graph's input is ${list(graph.inputs)}, but model.json says ${input.name} with [batch, ${wanted.join(', ')}] (${input.layout}).`,
    );
  }
  if (found.batch === 'one' && batch.max > 1) {
    throw bad(`The graph takes one picture at a time, but model.json says batches up to ${batch.max}.`);
  }
  const scores = graph.outputs.find(({ name }) => name === output.name);
  if (!scores || !same(outputOf(scores).classes, output.classes)) {
    throw bad(
      `The graph's outputs are ${list(graph.outputs)}, but model.json says ${output.name} with ${output.classes} classes.`,
    );
  }
  const { embedding } = output;
  if (embedding && !graph.outputs.some(({ name }) => name === embedding.name)) {
    throw bad(`The graph has no output ${embedding.name} for the embedding that model.json names.`);
  }
}
