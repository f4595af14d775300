/** Writes small ONNX files byte by byte (protobuf), such as no exporter makes them. */

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}

/** One field of a message: a number, or bytes (a text or another message). */
export function field(number: number, value: number | Buffer): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
  return Buffer.concat([varint(number * 8 + 2), varint(value.length), value]);
}

const text = (value: string) => Buffer.from(value, 'utf8');

/** A tensor without its numbers. */
const header = (name = 'W', element = 1, length = 4) =>
  Buffer.concat([field(1, length), field(2, element), field(8, text(name))]);
/** @param element ONNX element type: 1 float32, 10 float16 */
export const tensor = (name = 'W', element = 1, bytes = 16) =>
  Buffer.concat([header(name, element, bytes / (element === 10 ? 2 : 4)), field(9, Buffer.alloc(bytes))]);
export const externalTensor = (location: string) =>
  Buffer.concat([
    header(),
    field(13, Buffer.concat([field(1, text('location')), field(2, text(location))])),
    field(14, 1),
  ]);

export const attribute = (...fields: Buffer[]) => field(5, Buffer.concat([field(1, text('value')), ...fields]));
export const node = (...fields: Buffer[]) => field(1, Buffer.concat([field(4, text('Constant')), ...fields]));
export const graph = (...fields: Buffer[]) => Buffer.concat([field(2, text('g')), ...fields]);
export const model = (inside: Buffer) => Buffer.concat([field(1, 8), field(7, inside), field(8, field(2, 13))]);

export interface TinyOptions {
  /** A name leaves the size free. */
  readonly batch?: number | string;
  readonly shape?: readonly (number | string)[];
  /** ONNX element type: 1 float32, 10 float16. */
  readonly element?: number;
  readonly opset?: number;
  /** Brings the result to this shape, whatever the batch: as careless exporters do. */
  readonly reshape?: readonly number[];
  /** Rounds the picture to 8 bits, as quantised models do. */
  readonly quantised?: boolean;
  /** Inputs besides the picture. */
  readonly moreInputs?: readonly string[];
}

const size = (value: number | string) => field(1, typeof value === 'number' ? field(1, value) : field(2, text(value)));

function valueInfo(name: string, element: number, shape: readonly (number | string)[]): Buffer {
  const tensorType = Buffer.concat([field(1, element), field(2, Buffer.concat(shape.map(size)))]);
  return Buffer.concat([field(1, text(name)), field(2, field(1, tensorType))]);
}

export function operator(type: string, inputs: readonly string[], output: string, ...attributes: Buffer[]): Buffer {
  const values = [...inputs.map((name) => field(1, text(name))), field(2, text(output)), field(4, text(type))];
  return field(1, Buffer.concat([...values, ...attributes]));
}

/** @param to ONNX element type */
export const cast = (from: string, to: number, output: string): Buffer =>
  operator('Cast', [from], output, field(5, Buffer.concat([field(1, text('to')), field(3, to)])));
export const constant = (output: string, value: Buffer): Buffer =>
  operator('Constant', [], output, attribute(field(5, value)));

function numbers(name: string, values: readonly bigint[]): Buffer {
  const bytes = Buffer.from(BigInt64Array.from(values).buffer);
  return field(5, Buffer.concat([field(1, values.length), field(2, 7), field(8, text(name)), field(9, bytes)]));
}

/**
 * A model that kills the process that loads it: ONNX Runtime computes constants while it loads, and the smallest integer
 * divided by -1 has no result, which x86 processors answer with SIGFPE. Others do not, so look at `process.arch` first.
 */
export function crashingModel(): Buffer {
  const smallest = -(2n ** 63n);
  const body = Buffer.concat([
    operator('GlobalAveragePool', ['image'], 'pooled'),
    operator('Div', ['smallest', 'minus'], 'wanted'),
    operator('Reshape', ['pooled', 'wanted'], 'means'),
    numbers('smallest', [smallest, smallest]),
    numbers('minus', [-1n, -1n]),
    field(2, text('crash')),
    field(11, valueInfo('image', 1, ['N', 3, 16, 16])),
    field(12, valueInfo('means', 1, ['N', 3])),
  ]);
  return Buffer.concat([field(1, 8), field(7, body), field(8, field(2, 13))]);
}

/** A model that runs: the mean of each channel, so that it has as many classes as channels. `image` -> `means`. */
export function tinyModel(options: TinyOptions = {}): Buffer {
  const { batch = 'N', shape = [3, 16, 16], element = 1, opset = 13, reshape, moreInputs = [] } = options;
  const { quantised = false } = options;
  const picture = quantised ? 'rounded' : 'image';
  const scale = Buffer.concat([
    field(2, 1),
    field(8, text('scale')),
    field(9, Buffer.from(Float32Array.of(1 / 64).buffer)),
  ]);
  const [channels = 3] = shape;
  const body = Buffer.concat([
    ...(quantised
      ? [
          operator('QuantizeLinear', ['image', 'scale'], 'bytes'),
          operator('DequantizeLinear', ['bytes', 'scale'], 'rounded'),
          field(5, scale),
        ]
      : []),
    ...(reshape
      ? [
          operator('GlobalAveragePool', [picture], 'pooled'),
          operator('Reshape', ['pooled', 'wanted'], 'means'),
          numbers('wanted', reshape.map(BigInt)),
        ]
      : [operator('GlobalAveragePool', [picture], 'means')]),
    field(2, text('tiny')),
    field(11, valueInfo('image', element, [batch, ...shape])),
    ...moreInputs.map((name) => field(11, valueInfo(name, 1, [1]))),
    field(12, valueInfo('means', element, reshape ? [batch, channels] : [batch, channels, 1, 1])),
  ]);
  return Buffer.concat([field(1, 8), field(7, body), field(8, field(2, opset))]);
}
