/**
 * Reads an ONNX file as what it is on the wire: protobuf messages within messages (field numbers of onnx/onnx.proto).
 * Enters those that can hold a node or a tensor and skips everything else. Knows no operators; throws INVALID_ARGUMENT
 * for what is no ONNX file.
 */
import { TwinlensError } from '../../core/errors.ts';

export type Message = 'model' | 'graph' | 'function' | 'node' | 'attribute' | 'sparse' | 'tensor';

/** One field of a message: a number, or bytes (a text or another message). Numbers of fixed length are left out. */
export interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/** Field number of the messages inside a message. */
const INSIDE: Readonly<Record<Message, Readonly<Record<number, Message>>>> = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
};
/** Messages within messages; graphs nest in the bodies of loops and conditions. */
const MAX_DEPTH = 100;

const noFile = () => new TwinlensError('INVALID_ARGUMENT', "The model can't be loaded: it is no ONNX file.");

class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  varint(): number {
    let value = 0;
    for (let i = 0; i < 10; i += 1) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) throw noFile();
      this.at += 1;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw noFile();
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw noFile();
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }
}

/** The fields of one message, in their order; nothing is copied. */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const reader = new Reader(message);
  while (reader.left > 0) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: reader.varint() };
        break;
      case 1:
        reader.take(8);
        break;
      case 2:
        yield { number, value: reader.take(reader.varint()) };
        break;
      case 5:
        reader.take(4);
        break;
      default:
        throw noFile();
    }
  }
}

/** Calls `enter` for the message and for all in it, outer ones first. */
export function walk(
  bytes: Uint8Array,
  enter: (message: Message, bytes: Uint8Array) => void,
  message: Message = 'model',
  depth = 0,
): void {
  if (depth > MAX_DEPTH) throw noFile();
  enter(message, bytes);
  const inside = INSIDE[message];
  for (const { number, value } of fieldsOf(bytes)) {
    const next = inside[number];
    if (next && typeof value !== 'number') walk(value, enter, next, depth + 1);
  }
}
