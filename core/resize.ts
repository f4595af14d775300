/**
 * Resize and crop of a picture to a model's input, byte for byte what Pillow's bilinear `resize` and
 * torchvision's `center_crop` give (proved by test/fixtures/vision). Computes only what the crop
 * shows, so a 5000 x 3 strip costs no more than a photo. Knows nothing of decoding.
 */
import type { InputSpec } from './manifest.ts';
import { luma, overWhite, type PixelView } from './pixels.ts';
import { type AxisWeights, axisWeights, PRECISION_BITS, ROUNDING } from './resample.ts';

interface Window {
  /** Size of the whole resized picture. */
  readonly width: number;
  readonly height: number;
  /** The part that is computed, in its pixels. */
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
}

/** Python's `round`: half to even. Math.round would move the crop of a 500 x 375 picture by a pixel. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Size whose short side is `size`; the long side is truncated, as torchvision does. */
export function shortSideSize(width: number, height: number, size: number): { width: number; height: number } {
  return width <= height
    ? { width: size, height: Math.max(1, Math.trunc((size * height) / width)) }
    : { width: Math.max(1, Math.trunc((size * width) / height)), height: size };
}

/** Offset of a centred crop of `crop` from `size`; negative when the picture is smaller and is padded. */
function cropOffset(size: number, crop: number): number {
  return size < crop ? -Math.floor((crop - size) / 2) : roundHalfEven((size - crop) / 2);
}

/** One plane-interleaved copy of the source with alpha and luma already applied; the source itself when neither is needed. */
function flatten(source: PixelView, gray: boolean): { data: Uint8Array | Uint8ClampedArray; channels: 1 | 3 | 4 } {
  const { data, channels } = source;
  const pixels = source.width * source.height;
  let opaque = true;
  if (channels === 4) {
    for (let i = 3; i < pixels * 4; i += 4) {
      if (data[i] !== 255) {
        opaque = false;
        break;
      }
    }
  }
  if (opaque && !gray) return { data, channels };
  const flat = new Uint8Array(pixels * (gray ? 1 : 3));
  for (let i = 0; i < pixels; i += 1) {
    const at = i * channels;
    let red = data[at] as number; // at + 2 < data.length: checked by the caller
    let green = data[at + 1] as number;
    let blue = data[at + 2] as number;
    if (!opaque) {
      const alpha = data[at + 3] as number;
      red = overWhite(red, alpha);
      green = overWhite(green, alpha);
      blue = overWhite(blue, alpha);
    }
    if (gray) {
      flat[i] = luma(red, green, blue);
    } else {
      flat[i * 3] = red;
      flat[i * 3 + 1] = green;
      flat[i * 3 + 2] = blue;
    }
  }
  return { data: flat, channels: gray ? 1 : 3 };
}

type Bytes = Uint8Array | Uint8ClampedArray;

/** Rows `top` .. `top + rows - 1` of the source, each brought to the window's columns; `planes` channels out. */
function horizontal(
  data: Bytes,
  stride: number,
  channels: number,
  planes: 1 | 3,
  top: number,
  rows: number,
  axis: AxisWeights,
  columns: number,
): Uint8Array {
  const out = new Uint8Array(rows * columns * planes);
  const { first, count, weights, stride: step } = axis;
  for (let row = 0; row < rows; row += 1) {
    const line = (top + row) * stride;
    let to = row * columns * planes;
    for (let x = 0; x < columns; x += 1) {
      let at = line + (first[x] as number) * channels;
      const begin = x * step;
      const end = begin + (count[x] as number);
      if (planes === 1) {
        let sum = ROUNDING;
        for (let k = begin; k < end; k += 1, at += channels) sum += (data[at] as number) * (weights[k] as number);
        out[to] = sum >> PRECISION_BITS;
        to += 1;
      } else {
        let red = ROUNDING;
        let green = ROUNDING;
        let blue = ROUNDING;
        for (let k = begin; k < end; k += 1, at += channels) {
          const weight = weights[k] as number;
          red += (data[at] as number) * weight;
          green += (data[at + 1] as number) * weight;
          blue += (data[at + 2] as number) * weight;
        }
        out[to] = red >> PRECISION_BITS;
        out[to + 1] = green >> PRECISION_BITS;
        out[to + 2] = blue >> PRECISION_BITS;
        to += 3;
      }
    }
  }
  return out;
}

/** A plain cut where the axis keeps its size: Pillow skips the pass. */
function cut(
  data: Bytes,
  stride: number,
  channels: number,
  planes: 1 | 3,
  top: number,
  rows: number,
  left: number,
  columns: number,
): Uint8Array {
  const out = new Uint8Array(rows * columns * planes);
  let to = 0;
  for (let row = 0; row < rows; row += 1) {
    let at = (top + row) * stride + left * channels;
    for (let x = 0; x < columns; x += 1, at += channels) {
      for (let plane = 0; plane < planes; plane += 1, to += 1) out[to] = data[at + plane] as number;
    }
  }
  return out;
}

function vertical(
  lines: Uint8Array,
  width: number,
  firstRow: number,
  axis: AxisWeights,
  rows: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(rows * width);
  const sums = new Int32Array(width);
  const { first, count, weights, stride } = axis;
  for (let y = 0; y < rows; y += 1) {
    sums.fill(ROUNDING);
    const low = (first[y] as number) - firstRow;
    // Row by row keeps the reads in order; the sums stay below 2^31 (255 * 2^22 + 2^21).
    for (let k = 0; k < (count[y] as number); k += 1) {
      const weight = weights[y * stride + k] as number;
      const line = (low + k) * width;
      for (let x = 0; x < width; x += 1) sums[x] = (sums[x] as number) + (lines[line + x] as number) * weight;
    }
    const to = y * width;
    for (let x = 0; x < width; x += 1) out[to + x] = (sums[x] as number) >> PRECISION_BITS;
  }
  return out;
}

/** The window of the resized picture, `planes` channels interleaved. */
function resizeWindow(source: PixelView, gray: boolean, window: Window): Uint8Array<ArrayBuffer> {
  const planes = gray ? 1 : 3;
  const flat = flatten(source, gray);
  const stride = source.width * flat.channels;
  const sameHeight = source.height === window.height;
  const axisY = sameHeight ? undefined : axisWeights(source.height, window.height, window.top, window.rows);
  let firstRow = window.top;
  let sourceRows = window.rows;
  if (axisY) {
    firstRow = axisY.first[0] as number; // rows >= 1
    sourceRows = (axisY.first[window.rows - 1] as number) + (axisY.count[window.rows - 1] as number) - firstRow;
  }
  const lines =
    source.width === window.width
      ? cut(flat.data, stride, flat.channels, planes, firstRow, sourceRows, window.left, window.columns)
      : horizontal(
          flat.data,
          stride,
          flat.channels,
          planes,
          firstRow,
          sourceRows,
          axisWeights(source.width, window.width, window.left, window.columns),
          window.columns,
        );
  if (!axisY) return lines as Uint8Array<ArrayBuffer>;
  return vertical(lines, window.columns * planes, firstRow, axisY, window.rows);
}

/**
 * The picture at the size of `input`: RGB8 (width * height * 3 bytes), or one byte of luma a pixel
 * when the model's channels are `L`. Where the resized picture is smaller than the crop it is centred on
 * black, as torchvision does. `target` is filled and returned when given.
 */
export function prepareRgb(
  source: PixelView,
  input: InputSpec,
  target?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const gray = input.channels === 'L';
  const planes = gray ? 1 : 3;
  const { resize } = input;
  const size =
    resize.rule === 'exact'
      ? { width: input.width, height: input.height }
      : shortSideSize(source.width, source.height, resize.size);
  const left = cropOffset(size.width, input.width);
  const top = cropOffset(size.height, input.height);
  const columns = Math.min(size.width, input.width);
  const rows = Math.min(size.height, input.height);
  const part = resizeWindow(source, gray, { ...size, left: Math.max(left, 0), top: Math.max(top, 0), columns, rows });
  if (columns === input.width && rows === input.height) {
    if (!target) return part;
    target.set(part);
    return target;
  }
  const out = target ?? new Uint8Array(input.width * input.height * planes);
  out.fill(0);
  for (let row = 0; row < rows; row += 1) {
    const to = ((row + Math.max(-top, 0)) * input.width + Math.max(-left, 0)) * planes;
    out.set(part.subarray(row * columns * planes, (row + 1) * columns * planes), to);
  }
  return out;
}

/** The whole picture with `size` as its short side, RGB8: what a gateway's own resize then leaves as it is. */
export function resizeShortSide(
  source: PixelView,
  size: number,
): { data: Uint8Array<ArrayBuffer>; width: number; height: number } {
  const { width, height } = shortSideSize(source.width, source.height, size);
  const data = resizeWindow(source, false, { width, height, left: 0, top: 0, columns: width, rows: height });
  return { data, width, height };
}
