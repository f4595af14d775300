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
