/**
 * Which numbers an ONNX file computes with, by its operators and weights: what its variant is called. A name of a file
 * says what somebody meant; this says what is in it. Runs nothing.
 */
import type { Variant } from '../../core/manifest.ts';
import { fieldsOf, walk } from './onnx-walk.ts';

/** TensorProto.DataType. */
const FLOAT = 1;
const HALF = 10;

/** Those of ONNX and of ONNX Runtime's own domain that take or give quantised numbers. */
const QUANTISED = /^(?:QLinear|QGemm|QAttention|DynamicQuantize|QuantizeLinear$|DequantizeLinear$)|Integer/;

interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** AttributeProto messages. */
  readonly attributes: readonly Uint8Array[];
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();

function readNode(bytes: Uint8Array): Node {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Uint8Array[] = [];
  let operator = '';
  for (const { number, value } of fieldsOf(bytes)) {
    if (typeof value === 'number') continue;
    if (number === 1) inputs.push(textOf(value));
    else if (number === 2) outputs.push(textOf(value));
    else if (number === 4) operator = textOf(value);
    else if (number === 5) attributes.push(value);
  }
  return { operator, inputs, outputs, attributes };
}

function readTensor(bytes: Uint8Array): { readonly type: number; readonly name: string } {
  let type = 0;
  let name = '';
  for (const { number, value } of fieldsOf(bytes)) {
    if (number === 2 && typeof value === 'number') type = value;
    else if (number === 8 && typeof value !== 'number') name = textOf(value);
  }
  return { type, name };
}

/** Of a Cast, whether it makes float32. */
function makesFloats({ attributes }: Node): boolean {
  return attributes.some((attribute) => {
    let name = '';
    let to = 0;
    for (const { number, value } of fieldsOf(attribute)) {
      if (number === 1 && typeof value !== 'number') name = textOf(value);
      else if (number === 3 && typeof value === 'number') to = value;
    }
    return name === 'to' && to === FLOAT;
  });
}

/** Of a Constant, whether its value is of halves. */
function holdsHalves({ attributes }: Node): boolean {
  return attributes.some((attribute) =>
    [...fieldsOf(attribute)].some(
      ({ number, value }) => number === 5 && typeof value !== 'number' && readTensor(value).type === HALF,
    ),
  );
}

/** Throws INVALID_ARGUMENT for a file that is no ONNX model. */
export function numbersOf(bytes: Uint8Array): Variant['name'] {
  let quantised = false;
  const weights = { [FLOAT]: 0, [HALF]: 0 };
  const halves = new Set<string>();
  /** What something else than a cast to float32 takes. */
  const computed = new Set<string>();
  walk(bytes, (message, inside) => {
    if (message === 'tensor') {
      const { type, name } = readTensor(inside);
      if (type === FLOAT || type === HALF) weights[type] += inside.length;
      if (type === HALF && name !== '') halves.add(name);
    } else if (message === 'node') {
      const node = readNode(inside);
      quantised ||= QUANTISED.test(node.operator);
      if (node.operator === 'Constant' && holdsHalves(node)) for (const name of node.outputs) halves.add(name);
      if (node.operator !== 'Cast' || !makesFloats(node)) for (const name of node.inputs) computed.add(name);
    }
  });
  if (quantised) return 'int8';
  if (weights[HALF] <= weights[FLOAT]) return 'fp32';
  return [...halves].some((name) => computed.has(name)) ? 'fp16' : 'w16';
}
