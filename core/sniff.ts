/** Tells an encoded picture by its first bytes; names and content types are not trusted. */
import { IMAGE_ENCODINGS, type ImageEncoding } from './engine.ts';

const ascii = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));

/** Bytes of an ISO file whose brands are looked at. */
const BRAND_BYTES = 256;

/** Brands of an ISO base media file (ISO/IEC 14496-12, 4.3): the major one, then the compatible ones; none of another file. */
function isoBrands(bytes: Uint8Array): string[] {
  if (ascii(bytes, 4, 8) !== 'ftyp') return [];
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const end = Math.min(((a << 24) | (b << 16) | (c << 8) | d) >>> 0, bytes.length, BRAND_BYTES);
  const brands = [ascii(bytes, 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(ascii(bytes, at, at + 4));
  return brands;
}

/** The encoding of `bytes`, or undefined when it is none that every side decodes. */
export function sniffEncoding(bytes: Uint8Array): ImageEncoding | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  if (ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp';
  // HEIC shares the general brands (mif1, miaf), so only AVIF's own count.
  if (isoBrands(bytes).some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  return undefined;
}

/** What to send instead, for error messages. */
export const ENCODINGS_IN_WORDS = IMAGE_ENCODINGS.map((name) => (name === 'webp' ? 'WebP' : name.toUpperCase())).join(
  ', ',
);
