/** Small pictures to keep of what the page classified. */

/** Side of a thumbnail, pixels. */
const SIDE = 160;

/** A small square JPEG of `source`'s middle as a data URL; empty when it can't be drawn. */
export function thumbnail(source: CanvasImageSource, width: number, height: number): string {
  const canvas = document.createElement('canvas');
  canvas.width = SIDE;
  canvas.height = SIDE;
  const context = canvas.getContext('2d');
  const side = Math.min(width, height);
  if (!context || side === 0) return '';
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  return canvas.toDataURL('image/jpeg', 0.8);
}

/** The same of RGB8 (or, one byte a pixel, gray) pixels. */
export function thumbnailOfPixels(pixels: Uint8Array, width: number, height: number): string {
  const channels = pixels.length / (width * height);
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      rgba[at * 4 + channel] = pixels[at * channels + (channels === 3 ? channel : 0)] ?? 0;
    }
    rgba[at * 4 + 3] = 255;
  }
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(new ImageData(rgba, width, height), 0, 0);
  return thumbnail(canvas, width, height);
}

export async function thumbnailOfFile(file: Blob): Promise<string> {
  try {
    const bitmap = await createImageBitmap(file);
    const picture = thumbnail(bitmap, bitmap.width, bitmap.height);
    bitmap.close();
    return picture;
  } catch {
    return ''; // A format that only the gateway can read; the history shows the name alone.
  }
}
