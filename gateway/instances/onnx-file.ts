/**
 * Looks into an ONNX file just far enough to see whether it keeps tensors in other files: such a model
 * could make ONNX Runtime read any file of the machine. Walks the protobuf messages that can hold a
 * tensor (field numbers of onnx/onnx.proto) and skips everything else. Knows no operators.
 */
import { TwinlensError } from '../../core/errors.ts';

type Message = 'model' | 'graph' | 'function' | 'node' | 'attribute' | 'sparse' | 'tensor';

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
/** TensorProto: the key-value pairs that name the file, and where the data is (1: elsewhere). */
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
/** Messages within messages; graphs nest in the bodies of loops and conditions. */
const MAX_DEPTH = 100;

const noFile = () => new TwinlensError('INVALID_ARGUMENT', "The model can't be loaded: it is no ONNX file.");

class Reader {
  readonly #bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.end = end;
  }

  varint(): number {
    let value = 0;
    for (let i = 0; i < 10; i += 1) {
      const byte = this.at < this.end ? this.#bytes[this.at] : undefined;
      if (byte === undefined) throw noFile();
      this.at += 1;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw noFile();
  }

  /** Steps over `length` bytes and gives where they began. */
  skip(length: number): number {
    const from = this.at;
    if (length > this.end - from) throw noFile();
    this.at += length;
    return from;
  }
}

function holdsExternalData(bytes: Uint8Array, message: Message, from: number, end: number, depth: number): boolean {
  if (depth > MAX_DEPTH) throw noFile();
  const reader = new Reader(bytes, from, end);
  while (reader.at < end) {
    const tag = reader.varint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0: {
        const value = reader.varint();
        if (message === 'tensor' && field === DATA_LOCATION && value === 1) return true;
        break;
      }
      case 1:
        reader.skip(8);
        break;
      case 2: {
        const inside = reader.skip(reader.varint());
        if (message === 'tensor' && field === EXTERNAL_DATA) return true;
        const next = INSIDE[message][field];
        if (next && holdsExternalData(bytes, next, inside, reader.at, depth + 1)) return true;
        break;
      }
      case 5:
        reader.skip(4);
        break;
      default:
        throw noFile();
    }
  }
  return false;
}

/** Throws INVALID_ARGUMENT for a file that is no ONNX model, or one with external data. */
export function checkSelfContained(bytes: Uint8Array): void {
  if (!holdsExternalData(bytes, 'model', 0, bytes.length, 0)) return;
  throw new TwinlensError(
    'INVALID_ARGUMENT',
    'The model keeps tensors in other files (ONNX external data); save it as one file.',
  );
}
