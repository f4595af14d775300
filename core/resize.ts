/**
 * Resize and crop of a picture to a model's input, byte for byte what the `resize` of Pillow
 * 13 and the `center_crop` of torchvision or transformers give (proved by test/fixtures/vision). Computes only what the
 * crop shows, so a 5000 x 3 strip costs no more than a photo. Knows nothing of decoding.
 */
import { TwinlensError } from './errors.ts';
import { type Kernel, threadKernel } from './kernel.ts';
import type { Filter, InputSpec } from './manifest.ts';
import { type Passes, runPasses, type Window } from './picture-passes.ts';
import { checkPixels, flatten, type PixelView } from './pixels.ts';
import { axisWeights } from './resample.ts';
import { cropOffset, resizedSize, type Size, shortSideSize } from './sizes.ts';
import { runInStrips } from './strips.ts';

export { exactSize, shortSideSize } from './sizes.ts';

/**
 * Since Pillow 13 the vertical pass goes first when the height loses more than twice the pixels that the
 * width loses (Resample.c, ImagingResampleInner). The order shows in the rounding of the pass between.
 */
function isVerticalFirst(from: Size, to: Size): boolean {
  const lost = from.height - to.height;
  return lost > 0 && lost > (from.width - to.width) * 2;
}

/** The window of `picture` resized to `to`, in luma when `gray`; in `target` where there is one. */
function resizeWindow(
  kernel: Kernel | undefined,
  picture: PixelView,
  gray: boolean,
  to: Size,
  window: Window,
  filter: Filter,
  target?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const { width, height } = picture;
  const passes: Passes = {
    axisX: width === to.width ? undefined : axisWeights(filter, width, to.width, window.left, window.columns),
    axisY: height === to.height ? undefined : axisWeights(filter, height, to.height, window.top, window.rows),
    verticalFirst: isVerticalFirst(picture, to),
    window,
  };
  const resized = passes.axisX !== undefined || passes.axisY !== undefined;
  const luma = gray ? flatten(picture, true) : undefined;
  const quick = kernel && resized ? runInStrips(kernel, luma ?? picture, width, passes, target) : undefined;
  if (quick) return quick;
  const slow = runPasses(luma ?? flatten(picture, false), width, passes);
  if (!target) return slow;
  target.set(slow);
  return target;
}

/** `prepareRgb` by this kernel, or without one by the passes: the bytes are the same. */
export function prepareRgbWith(
  kernel: Kernel | undefined,
  source: PixelView,
  input: InputSpec,
  target?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  checkPixels(source);
  const { resize, cropRounding } = input;
  const size = resizedSize(source.full ?? source, input);
  const left = cropOffset(size.width, input.width, cropRounding);
  const top = cropOffset(size.height, input.height, cropRounding);
  const columns = Math.min(size.width, input.width);
  const rows = Math.min(size.height, input.height);
  const gray = input.channels === 'L';
  const window: Window = { left: Math.max(left, 0), top: Math.max(top, 0), columns, rows };
  const fills = columns === input.width && rows === input.height;
  const part = resizeWindow(kernel, source, gray, size, window, resize.filter, fills ? target : undefined);
  if (fills) return part;
  const planes = gray ? 1 : 3;
  const out = target ?? new Uint8Array(input.width * input.height * planes);
  out.fill(0);
  for (let row = 0; row < rows; row += 1) {
    const to = ((row + Math.max(-top, 0)) * input.width + Math.max(-left, 0)) * planes;
    out.set(part.subarray(row * columns * planes, (row + 1) * columns * planes), to);
  }
  return out;
}

/**
 * The picture at the size of `input`: RGB8 (width * height * 3 bytes), or one byte of luma a pixel
 * when the model's channels are `L`. Where the resized picture is smaller than the crop it is centred on
 * black, as torchvision does. `target` is filled and returned when given.
 * Throws INVALID_ARGUMENT when the bytes of `source` are not those of its size.
 */
export function prepareRgb(
  source: PixelView,
  input: InputSpec,
  target?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  return prepareRgbWith(threadKernel(), source, input, target);
}

/** Pixels; the whole of a long thin strip brought to a short side of 256 would take gigabytes. */
const MAX_WHOLE_PIXELS = 2 ** 26;

/**
 * The whole picture with `size` as its short side, RGB8: what a later `prepareRgb` with the same short
 * side leaves as it is. Throws INVALID_ARGUMENT for wrong bytes and for a strip whose result would be too large.
 */
export function resizeShortSide(
  source: PixelView,
  size: number,
  filter: Filter = 'bilinear',
): { data: Uint8Array<ArrayBuffer>; width: number; height: number } {
  checkPixels(source);
  const { width, height } = source.full ?? source;
  const to = shortSideSize(width, height, size);
  if (to.width * to.height > MAX_WHOLE_PIXELS) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `${width} x ${height} pixels are too long and thin to be brought to a short side of ${size}; cut the picture first.`,
    );
  }
  const window: Window = { left: 0, top: 0, columns: to.width, rows: to.height };
  return { data: resizeWindow(threadKernel(), source, false, to, window, filter), ...to };
}
