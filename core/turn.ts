/** Pictures turned and mirrored as EXIF says (Exif 2.3, 4.6.4 A, Orientation): pixels only move. */
import type { PixelView } from './pixels.ts';

/** Whether width and height change places. */
export const isLaidOver = (orientation: number): boolean => orientation >= 5;

/**
 * The picture upright.
 * @param orientation 1 (it is) to 8, as EXIF numbers them: where the picture's first row and first column are seen
 */
export function turn(picture: PixelView, orientation: number): PixelView {
  if (orientation === 1) return picture;
  const { data, width, height, channels, full } = picture;
  const laidOver = isLaidOver(orientation);
  const [across, down] = laidOver ? [height, width] : [width, height];
  // In turned pixels, from one of the source's to the next in its row, and to the one below it.
  const right = [1, -1, -1, 1, across, across, -across, -across][orientation - 1] ?? 1;
  const below = [across, across, -across, -across, 1, -1, -1, 1][orientation - 1] ?? across;
  const backRight = right < 0 ? -right * (width - 1) : 0;
  const backBelow = below < 0 ? -below * (height - 1) : 0;
  const turned = new Uint8Array(data.length);
  for (let row = 0, from = 0; row < height; row += 1) {
    let to = (backRight + backBelow + row * below) * channels;
    for (let column = 0; column < width; column += 1, from += channels, to += right * channels) {
      for (let channel = 0; channel < channels; channel += 1) turned[to + channel] = data[from + channel] as number;
    }
  }
  const seen = full && laidOver ? { width: full.height, height: full.width } : full;
  return { data: turned, width: across, height: down, channels, ...(seen && { full: seen }) };
}
