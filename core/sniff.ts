/** Tells an encoded picture by its first bytes; names and content types are not trusted. */
import { type EncodedImage, IMAGE_ENCODINGS, type ImageEncoding } from './engine.ts';
import { TwinlensError } from './errors.ts';

const ascii = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));

/** Bytes of an ISO file whose brands are looked at. */
const BRAND_BYTES = 256;
/** Bytes from the start of a file that `sniffEncoding` looks at. */
export const SNIFF_BYTES = BRAND_BYTES;

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

/** Throws INVALID_ARGUMENT for an empty image, UNSUPPORTED_MEDIA for bytes that are not what they are announced as. */
export function checkEncoding(image: EncodedImage): void {
  if (image.data.length === 0) {
    throw new TwinlensError('INVALID_ARGUMENT', `The image is empty; send the bytes of a ${ENCODINGS_IN_WORDS} file.`);
  }
  const found = sniffEncoding(image.data);
  if (found === image.encoding) return;
  throw new TwinlensError(
    'UNSUPPORTED_MEDIA',
    `The image is announced as ${image.encoding}, but its bytes are ${found ?? 'none of these'}; send ${ENCODINGS_IN_WORDS} as what it is.`,
  );
}
