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

/** A float32 tensor `W` of four numbers, without them. */
const header = () => Buffer.concat([field(1, 4), field(2, 1), field(8, text('W'))]);
export const tensor = () => Buffer.concat([header(), field(9, Buffer.alloc(16))]);
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
  /** Inputs besides the picture. */
  readonly moreInputs?: readonly string[];
}

const size = (value: number | string) => field(1, typeof value === 'number' ? field(1, value) : field(2, text(value)));

function valueInfo(name: string, element: number, shape: readonly (number | string)[]): Buffer {
  const tensorType = Buffer.concat([field(1, element), field(2, Buffer.concat(shape.map(size)))]);
  return Buffer.concat([field(1, text(name)), field(2, field(1, tensorType))]);
}

function operator(type: string, inputs: readonly string[], output: string): Buffer {
  return field(
    1,
    Buffer.concat([...inputs.map((name) => field(1, text(name))), field(2, text(output)), field(4, text(type))]),
  );
}

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
  const [channels = 3] = shape;
  const body = Buffer.concat([
    ...(reshape
      ? [
          operator('GlobalAveragePool', ['image'], 'pooled'),
          operator('Reshape', ['pooled', 'wanted'], 'means'),
          numbers('wanted', reshape.map(BigInt)),
        ]
      : [operator('GlobalAveragePool', ['image'], 'means')]),
    field(2, text('tiny')),
    field(11, valueInfo('image', element, [batch, ...shape])),
    ...moreInputs.map((name) => field(11, valueInfo(name, 1, [1]))),
    field(12, valueInfo('means', element, reshape ? [batch, channels] : [batch, channels, 1, 1])),
  ]);
  return Buffer.concat([field(1, 8), field(7, body), field(8, field(2, opset))]);
}
