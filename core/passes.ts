/**
 * The two passes of the resize, in plain integers: multiply, add, round to a byte. They know rows, columns and weights,
 * not pictures. Math.imul keeps the inner loops in 32-bit integers. Sums stay below 2^31 up to eight million weights; a
 * byte is clipped, as rounded weights may add up to more than one. core/kernel/ does the same quicker where it can, and
 * is tested against these.
 */
import { type AxisWeights, PRECISION_BITS, ROUNDING } from './resample.ts';

/** A rectangle of interleaved bytes inside a larger array. */
export interface Plane {
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Bytes from one row to the next. */
  readonly stride: number;
  /** Bytes from one pixel to the next. */
  readonly channels: number;
  /** The pixel that the passes see as column 0 and row 0. */
  readonly left: number;
  readonly top: number;
}

/** Bytes a pixel of the result. */
export type Planes = 1 | 3;

/** `rows` rows, each brought to the columns of `axis`. */
export function horizontal(from: Plane, planes: Planes, axis: AxisWeights, rows: number): Uint8Array<ArrayBuffer> {
  const { data, channels } = from;
  const { first, count, weights, stride: step } = axis;
  const columns = first.length;
  const out = new Uint8Array(rows * columns * planes);
  const clipped = new Uint8ClampedArray(out.buffer);
  let to = 0;
  for (let row = 0; row < rows; row += 1) {
    const line = (from.top + row) * from.stride + from.left * channels;
    for (let x = 0; x < columns; x += 1) {
      let at = line + (first[x] as number) * channels;
      const begin = x * step;
      const end = begin + (count[x] as number);
      if (planes === 1) {
        let sum = ROUNDING;
        for (let k = begin; k < end; k += 1, at += channels)
          sum = (sum + Math.imul(data[at] as number, weights[k] as number)) | 0;
        clipped[to] = sum >> PRECISION_BITS;
        to += 1;
      } else {
        let red = ROUNDING;
        let green = ROUNDING;
        let blue = ROUNDING;
        for (let k = begin; k < end; k += 1, at += channels) {
          const weight = weights[k] as number;
          red = (red + Math.imul(data[at] as number, weight)) | 0;
          green = (green + Math.imul(data[at + 1] as number, weight)) | 0;
          blue = (blue + Math.imul(data[at + 2] as number, weight)) | 0;
        }
        clipped[to] = red >> PRECISION_BITS;
        clipped[to + 1] = green >> PRECISION_BITS;
        clipped[to + 2] = blue >> PRECISION_BITS;
        to += 3;
      }
    }
  }
  return out;
}

/** `columns` columns, each brought to the rows of `axis`; keeps the channels. */
export function vertical(from: Plane, axis: AxisWeights, columns: number): Uint8Array<ArrayBuffer> {
  const { data } = from;
  const { first, count, weights, stride: step } = axis;
  const rows = first.length;
  const width = columns * from.channels;
  const out = new Uint8Array(rows * width);
  const clipped = new Uint8ClampedArray(out.buffer);
  const sums = new Int32Array(width);
  for (let y = 0; y < rows; y += 1) {
    sums.fill(ROUNDING);
    // Row by row keeps the reads in order.
    for (let k = 0; k < (count[y] as number); k += 1) {
      const weight = weights[y * step + k] as number;
      const line = (from.top + (first[y] as number) + k) * from.stride + from.left * from.channels;
      for (let x = 0; x < width; x += 1) sums[x] = (sums[x] as number) + Math.imul(data[line + x] as number, weight);
    }
    const to = y * width;
    for (let x = 0; x < width; x += 1) clipped[to + x] = (sums[x] as number) >> PRECISION_BITS;
  }
  return out;
}

/** A plain copy of `columns` x `rows` pixels. */
export function cut(from: Plane, planes: Planes, columns: number, rows: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(rows * columns * planes);
  let to = 0;
  for (let row = 0; row < rows; row += 1) {
    let at = (from.top + row) * from.stride + from.left * from.channels;
    if (from.channels === planes) {
      out.set(from.data.subarray(at, at + columns * planes), row * columns * planes);
      continue;
    }
    for (let x = 0; x < columns; x += 1, at += from.channels) {
      for (let plane = 0; plane < planes; plane += 1, to += 1) out[to] = from.data[at + plane] as number;
    }
  }
  return out;
}
