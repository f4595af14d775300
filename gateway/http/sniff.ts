/** What a picture is, by its first bytes. Names and headers of uploads are too often wrong to be believed. */
import type { ImageEncoding } from '../../core/engine.ts';

const ascii = (bytes: Uint8Array, start: number, length: number) =>
  String.fromCharCode(...bytes.subarray(start, start + length));

/** The encoding of `bytes`, or undefined when it is none of ours. */
export function sniffImage(bytes: Uint8Array): ImageEncoding | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  if (ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP') return 'webp';
  if (ascii(bytes, 4, 4) === 'ftyp' && brands(bytes).some((brand) => brand === 'avif' || brand === 'avis'))
    return 'avif';
  return undefined;
}

/** Brands of an ISO base media file (ISO/IEC 14496-12, 4.3): the major one, then the compatible ones. */
function brands(bytes: Uint8Array): string[] {
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  const end = Math.min(size, bytes.length, 256);
  const found = [ascii(bytes, 8, 4)];
  for (let at = 16; at + 4 <= end; at += 4) found.push(ascii(bytes, at, 4));
  return found;
}

/** In words, for the message that refuses it. */
export function describeBytes(bytes: Uint8Array): string {
  const start = ascii(bytes, 0, 64).trimStart().toLowerCase();
  if (start.startsWith('<!doctype') || start.startsWith('<html')) return 'an HTML page';
  if (start.startsWith('<svg') || start.startsWith('<?xml')) return 'XML or SVG';
  if (start.startsWith('gif8')) return 'a GIF';
  if (start.startsWith('%pdf')) return 'a PDF';
  if (start.startsWith('{') || start.startsWith('[')) return 'JSON';
  if (start.startsWith('ii*') || start.startsWith('mm')) return 'a TIFF';
  if (start.startsWith('bm')) return 'a BMP';
  if (ascii(bytes, 4, 4) === 'ftyp') return 'HEIF or a video';
  return 'of no kind that is known here';
}
