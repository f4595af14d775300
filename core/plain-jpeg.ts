/**
 * JPEGs whose decoding gives the picture as it is meant, upright and in sRGB.
 * Both sides decode them by core's own decoder, so that they see the same pixels, in every browser. Of any other file
 * it says so, and the platform's decoder is asked.
 */
import { threadJpegDecoder } from './jpeg-decoder.ts';
import { type JpegHeader, readJpegHeader } from './jpeg-header.ts';
import { readJpegScan } from './jpeg-scan.ts';
import type { PixelView } from './pixels.ts';
import { isSrgbProfile } from './srgb-profile.ts';

/**
 * The file's header when it is such a one: there is nothing to turn, and no colours to convert.
 * @param bytes the file, or enough of its start to hold the frame's header
 */
export function plainJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const header = readJpegHeader(bytes);
  if (!header) return undefined;
  const { width, height, components, orientation, profile } = header;
  const plain = width > 0 && height > 0 && components === 3 && orientation === 1;
  return plain && (!profile || isSrgbProfile(profile)) ? header : undefined;
}

/**
 * @param file a whole file with a `plainJpegHeader`
 * @param room gives so many bytes for the pixels; new ones without it
 * Undefined: it is broken, or of a kind that this decoder doesn't know.
 */
export function decodePlainJpeg(
  file: Uint8Array,
  room?: (bytes: number) => Uint8Array<ArrayBuffer>,
): PixelView | undefined {
  const scan = readJpegScan(file);
  const data = scan && threadJpegDecoder()?.decode(file, scan, room);
  return data && { data, width: scan.width, height: scan.height, channels: 3 };
}
