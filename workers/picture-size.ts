/**
 * Width and height of an encoded picture from its header, before anything is decoded: a 20 kB PNG can
 * claim 60,000 x 60,000 pixels. PNG, JPEG, GIF, WebP and AVIF; of others nothing is known.
 */
import { readJpegHeader } from '../core/jpeg-header.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

const ascii = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length));

function webpSize(view: DataView, bytes: Uint8Array): Size | undefined {
  const kind = ascii(bytes, 12, 4);
  if (kind === 'VP8X') {
    const uint24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    return { width: uint24(24) + 1, height: uint24(27) + 1 };
  }
  if (kind === 'VP8L') {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (kind === 'VP8 ') {
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  }
  return undefined;
}

/** The largest `ispe` (image spatial extents) box: grids and thumbnails have several. */
function avifSize(view: DataView, bytes: Uint8Array): Size | undefined {
  let best: Size | undefined;
  for (let at = 0; at + 16 <= bytes.length; at += 1) {
    if (bytes[at] !== 0x69 || ascii(bytes, at, 4) !== 'ispe') continue;
    const size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (!best || size.width * size.height > best.width * best.height) best = size;
  }
  return best;
}

/** Bytes from the start of the file that `pictureSize` wants to see; a JPEG's EXIF block may be 64 KiB and more. */
export const HEADER_BYTES = 256 * 1024;

/** @param bytes the start of the file. Undefined when the format or the size isn't recognised. */
export function pictureSize(bytes: Uint8Array): Size | undefined {
  if (bytes.length < 30) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (ascii(bytes, 1, 3) === 'PNG') return { width: view.getUint32(16), height: view.getUint32(20) };
  if (view.getUint16(0) === 0xffd8) return readJpegHeader(bytes);
  if (ascii(bytes, 0, 4) === 'GIF8') return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP') return webpSize(view, bytes);
  if (ascii(bytes, 4, 4) === 'ftyp') return avifSize(view, bytes);
  return undefined;
}
