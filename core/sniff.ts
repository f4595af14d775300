/** Tells an encoded picture by its first bytes; names and content types are not trusted. */
import { IMAGE_ENCODINGS, type ImageEncoding } from './engine.ts';

const ascii = (bytes: Uint8Array, from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));

/** The encoding of `bytes`, or undefined when it is none that every side decodes. */
export function sniffEncoding(bytes: Uint8Array): ImageEncoding | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  if (ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp';
  if (ascii(bytes, 4, 8) === 'ftyp' && /^(?:avif|avis|mif1|miaf)/.test(ascii(bytes, 8, 32))) return 'avif';
  return undefined;
}

/** What to send instead, for error messages. */
export const ENCODINGS_IN_WORDS = IMAGE_ENCODINGS.map((name) => (name === 'webp' ? 'WebP' : name.toUpperCase())).join(
  ', ',
);
