/** Decoded pixels as every side hands them to the resize, and the one way of laying alpha over white. */

export interface PixelView {
  /** 8 bits a channel, rows from the top, no padding: width * height * channels bytes. */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  /** 3: RGB. 4: RGBA with straight alpha, laid over white. */
  readonly channels: 3 | 4;
}

/** value * alpha + 255 * (255 - alpha), divided by 255 and rounded as Pillow's `paste` with a mask does. */
export function overWhite(value: number, alpha: number): number {
  const sum = value * alpha + 255 * (255 - alpha) + 128;
  return ((sum >> 8) + sum) >> 8;
}

/** Luma as Pillow's `convert('L')`: ITU-R 601-2 in 16-bit fixed point. */
export function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}
