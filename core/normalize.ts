/** From prepared bytes to the model's tensor: channel order, layout and (pixel * scale - mean) / std. */
import type { InputSpec } from './manifest.ts';

/** Float32 elements of one image. */
export function tensorLength(input: InputSpec): number {
  return input.width * input.height * (input.channels === 'L' ? 1 : 3);
}

/** Shape of the model's input for `batch` images. */
export function tensorShape({ layout, width, height, channels }: InputSpec, batch: number): number[] {
  const planes = channels === 'L' ? 1 : 3;
  return layout === 'NCHW' ? [batch, planes, height, width] : [batch, height, width, planes];
}

/** 256 normalised values a channel, in the model's channel order: a pixel has no other values. */
function lookupTable(input: InputSpec): Uint32Array {
  const values = new Float32Array(input.mean.length * 256);
  for (const [channel, mean] of input.mean.entries()) {
    const std = input.std[channel] ?? 1;
    for (let pixel = 0; pixel < 256; pixel += 1) values[channel * 256 + pixel] = (pixel * input.scale - mean) / std;
  }
  return new Uint32Array(values.buffer);
}

const tablesOf = new WeakMap<InputSpec, Uint32Array>();

/**
 * Writes one image into `target` at `offset` (elements). Copies the values' bits: taken out of an array as numbers and
 * put into another, floats would be widened and narrowed on the way, which takes twice as long.
 * @param prepared what `prepareRgb` gave: RGB8, or luma for `L`
 */
export function normalizeInto(prepared: Uint8Array, input: InputSpec, target: Float32Array, offset: number): void {
  let table = tablesOf.get(input);
  if (!table) {
    table = lookupTable(input);
    tablesOf.set(input, table);
  }
  const pixels = input.width * input.height;
  const out = new Uint32Array(target.buffer, target.byteOffset + offset * 4, tensorLength(input));
  if (input.channels === 'L') {
    for (let i = 0; i < pixels; i += 1) out[i] = table[prepared[i] as number] as number;
    return;
  }
  const planar = input.layout === 'NCHW';
  const step = planar ? 1 : 3;
  const plane = planar ? pixels : 1;
  const first = input.channels === 'BGR' ? 2 : 0;
  const third = 2 - first;
  for (let i = 0, at = 0, to = 0; i < pixels; i += 1, at += 3, to += step) {
    out[to] = table[prepared[at + first] as number] as number;
    out[to + plane] = table[256 + (prepared[at + 1] as number)] as number;
    out[to + plane * 2] = table[512 + (prepared[at + third] as number)] as number;
  }
}
