/** Decoded pixels as every side hands them to the resize, and the one way of laying alpha over white. */
import type { RawImage } from './engine.ts';
import { TwinlensError } from './errors.ts';
import type { Size } from './sizes.ts';

export interface PixelView {
  /** 8 bits a channel, rows from the top, no padding: width * height * channels bytes. */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  /** 3: RGB. 4: RGBA with straight alpha, laid over white. */
  readonly channels: 3 | 4;
  /** Of the picture, where these are its pixels at a part of its size: what a resize goes by. */
  readonly full?: Size;
}

/** Throws INVALID_ARGUMENT when the bytes are not those of a picture of this size. */
export function checkPixels({ data, width, height, channels }: PixelView): void {
  const sizes = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (sizes && data.length === width * height * channels) return;
  throw new TwinlensError(
    'INVALID_ARGUMENT',
    `A picture of ${width} x ${height} pixels and ${channels} channels can't have ${data.length} bytes; send width * height * channels.`,
  );
}

/** Throws PAYLOAD_TOO_LARGE when a picture of this size is not to be decoded. */
export function checkPixelCount(width: number, height: number, maxPixels: number): void {
  if (width * height <= maxPixels) return;
  throw new TwinlensError(
    'PAYLOAD_TOO_LARGE',
    `The picture has ${width} x ${height} pixels; at most ${maxPixels} are taken. Scale it down first: the model needs a few hundred a side.`,
  );
}

/** The pixels of a raw image. Throws INVALID_ARGUMENT for a size or bytes that can't be, PAYLOAD_TOO_LARGE. */
export function rawPixels(image: RawImage, maxPixels: number): PixelView {
  const { encoding, width, height, data } = image;
  if (![width, height].every((side) => Number.isInteger(side) && side > 0)) {
    throw new TwinlensError('INVALID_ARGUMENT', `${width} x ${height} is no size; give whole pixels, 1 or more.`);
  }
  checkPixelCount(width, height, maxPixels);
  const channels = encoding === 'rgb8' ? 3 : 4;
  const expected = width * height * channels;
  if (data.length === expected) return { data, width, height, channels };
  throw new TwinlensError(
    'INVALID_ARGUMENT',
    `${encoding} of ${width} x ${height} pixels has ${expected} bytes, but ${data.length} came; send rows from the top without padding.`,
  );
}

/**
 * value * alpha + 255 * (255 - alpha), divided by 255 and rounded as Pillow's `paste` with a mask does
 * (Paste.c, DIV255). libvips' flatten, which the gateway uses on files, differs by at most 1.
 */
export function overWhite(value: number, alpha: number): number {
  const sum = value * alpha + 255 * (255 - alpha) + 128;
  return ((sum >> 8) + sum) >> 8;
}

/** Luma as Pillow's `convert('L')`: ITU-R 601-2 in 16-bit fixed point. */
export function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

export interface FlatPixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Bytes a pixel; of four the last, alpha, is 255 everywhere and not read. */
  readonly channels: 1 | 3 | 4;
}

function isOpaque({ data, channels }: PixelView): boolean {
  if (channels === 3) return true;
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false;
  return true;
}

/** The picture over white and, when `gray`, as luma; the source's own bytes when neither changes them. */
export function flatten(source: PixelView, gray: boolean): FlatPixels {
  const { data, channels } = source;
  const opaque = isOpaque(source);
  if (opaque && !gray) return { data, channels };
  const pixels = source.width * source.height;
  const flat = new Uint8Array(pixels * (gray ? 1 : 3));
  for (let i = 0; i < pixels; i += 1) {
    const at = i * channels;
    let red = data[at] as number; // at + 2 < data.length by checkPixels
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
