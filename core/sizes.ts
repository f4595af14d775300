/**
 * How large a picture becomes and where the model's part of it lies: the rules of torchvision and transformers, in
 * numbers only. Apart from resize.ts so that a page can draw the crop without the code that makes it.
 */
import type { InputSpec } from './manifest.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Python's `round`: half to even. Math.round would move the crop of a 500 x 375 picture by a pixel. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Size whose short side is `size`; the long side is truncated, as torchvision does. */
export function shortSideSize(width: number, height: number, size: number): Size {
  return width <= height
    ? { width: size, height: Math.trunc((size * height) / width) }
    : { width: Math.trunc((size * width) / height), height: size };
}

/** Size of the picture after a resize by the rule `exact`. */
export function exactSize({ resize, width, height }: InputSpec): Size {
  return (resize.rule === 'exact' && resize.to) || { width, height };
}

/** Size of a picture after the model's resize. */
export function resizedSize({ width, height }: Size, input: InputSpec): Size {
  return input.resize.rule === 'exact' ? exactSize(input) : shortSideSize(width, height, input.resize.size);
}

/** The part of its size, along each axis, that a JPEG is decoded at. */
export type Eighths = 2 | 4 | 8;

export function partOf({ width, height }: Size, eighths: Eighths): Size {
  return { width: Math.ceil((width * eighths) / 8), height: Math.ceil((height * eighths) / 8) };
}

/** Samples along each axis, at least, for one that the resize gives. */
const SPARE = 2;

/** The part of a picture that the model's resize has enough with; of what isn't much larger than it gives, all. */
export function enoughEighths(size: Size, input: InputSpec): Eighths {
  const to = resizedSize(size, input);
  for (const eighths of [2, 4] as const) {
    const part = partOf(size, eighths);
    if (part.width >= SPARE * to.width && part.height >= SPARE * to.height) return eighths;
  }
  return 8;
}

/** Offset of a centred crop of `crop` from `size`; negative when the picture is smaller and is padded. */
export function cropOffset(size: number, crop: number, rounding: InputSpec['cropRounding']): number {
  if (rounding === 'down') return Math.floor((size - crop) / 2);
  return size < crop ? -Math.floor((crop - size) / 2) : roundHalfEven((size - crop) / 2);
}
