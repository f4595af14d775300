/**
 * JPEGs that core's own decoder gives as they are meant: upright and in sRGB, or gray, and no larger than the model needs
 * them. Both sides decode them here, so that they see the same pixels, in every browser. Of any other file it says so,
 * and the platform's decoder is asked.
 */
import { threadJpegDecoder } from './jpeg-decoder.ts';
import { type Jpeg, readJpeg } from './jpeg-file.ts';
import { type JpegHeader, readJpegHeader } from './jpeg-header.ts';
import type { InputSpec } from './manifest.ts';
import type { PixelView } from './pixels.ts';
import { type Eighths, enoughEighths, partOf, type Size } from './sizes.ts';
import { isSrgbProfile } from './srgb-profile.ts';
import { isLaidOver, turn } from './turn.ts';

/**
 * The file's header when it is such a one: there are no colours to convert.
 * @param bytes the file, or enough of its start to hold the frame's header
 */
export function plainJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const header = readJpegHeader(bytes);
  if (!header) return undefined;
  const { width, height, components, profile } = header;
  if (width === 0 || height === 0) return undefined;
  if (components === 1) return profile ? undefined : header; // A profile of gray, or one that doesn't fit: not judged here.
  return components === 3 && (!profile || isSrgbProfile(profile)) ? header : undefined;
}

/** A plain JPEG of a kind that core's decoder knows, not decoded yet. */
export interface PlainJpeg {
  readonly file: Uint8Array;
  readonly jpeg: Jpeg;
  readonly orientation: number;
  readonly eighths: Eighths;
}

/** Of the picture as it is seen. */
function seenSize({ width, height, orientation }: JpegHeader): Size {
  return isLaidOver(orientation) ? { width: height, height: width } : { width, height };
}

/**
 * @param file a whole file with this header
 * @param input what the picture is for: a large one is decoded at a half or a quarter of its size; whole without it
 * Undefined: it is broken, or of a kind that this decoder doesn't know.
 */
export function openPlainJpeg(file: Uint8Array, header: JpegHeader, input?: InputSpec): PlainJpeg | undefined {
  const jpeg = readJpeg(file);
  const eighths = input ? enoughEighths(seenSize(header), input) : 8;
  return jpeg && { file, jpeg, orientation: header.orientation, eighths };
}

/**
 * @param room gives so many bytes for the pixels as they lie in the file; new ones without it
 * Undefined: it is broken, or too small or too large for this decoder. Throws UNDECODABLE_IMAGE where it ends too soon.
 */
export function decodePlainJpeg(
  { file, jpeg, orientation, eighths }: PlainJpeg,
  room?: (bytes: number) => Uint8Array<ArrayBuffer>,
): PixelView | undefined {
  const data = threadJpegDecoder()?.decode(file, jpeg, eighths, room);
  if (!data) return undefined;
  const { width, height } = jpeg;
  const whole = { data, ...partOf(jpeg, eighths), channels: 3 } as const;
  return turn(eighths === 8 ? whole : { ...whole, full: { width, height } }, orientation);
}
