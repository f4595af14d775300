/**
 * From an image of a request to pixels, by core's decoder of usual JPEGs or by libvips through sharp, which knows all
 * kinds and gives the same bytes: EXIF orientation applied, colours to sRGB (the default handling of profiles, as in the
 * browser's createImageBitmap), alpha over white, the first frame of an animation. The header is judged before anything
 * is decoded. A PNG's gAMA is not applied, which libvips doesn't know; browsers do, so such a rare file may be answered
 * differently there.
 */
import sharp from 'sharp';
import type { EncodedImage, ImageInput } from '../../core/engine.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { JpegHeader } from '../../core/jpeg-header.ts';
import type { InputSpec } from '../../core/manifest.ts';
import { checkPixelCount, type PixelView, rawPixels } from '../../core/pixels.ts';
import { decodePlainJpeg, openPlainJpeg, plainJpegHeader } from '../../core/plain-jpeg.ts';
import { checkEncoding } from '../../core/sniff.ts';

// Many small pictures: one thread each, and nothing kept of them.
sharp.concurrency(1);
sharp.cache(false);

/** A truncated file would come out half gray, and be answered as if it were whole. */
const INPUT = { failOn: 'truncated', limitInputPixels: false } as const;

/** Gray or gray with alpha, which libvips may leave as they are, spread to RGB. */
function spread(data: Uint8Array, width: number, height: number, channels: number): PixelView {
  if (channels === 3 || channels === 4) return { data, width, height, channels };
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i += 1) rgb.fill(data[i * channels] as number, i * 3, i * 3 + 3);
  return { data: rgb, width, height, channels: 3 };
}

export interface DecodeOptions {
  readonly maxPixels: number;
  /** Pictures are decoded side by side on libvips' threads, even if each takes twice as long. */
  readonly onThreads: boolean;
  /** What the picture is for: of a large JPEG no more is decoded than this needs. */
  readonly input?: InputSpec;
  /** Gives so many bytes for the pixels of a picture that `decode` returns at once; new ones without it. */
  readonly room?: (bytes: number) => Uint8Array<ArrayBuffer>;
}

/** A picture whose header was read and found good. */
export interface OpenedImage {
  /** Pixels that `decode` may make: a broken file is decoded whole, whatever part would do. 0: they are there already. */
  readonly newPixels: number;
  /** At once where it needs no other thread. Errors: UNDECODABLE_IMAGE, INVALID_ARGUMENT. */
  decode(): PixelView | Promise<PixelView>;
}

async function decodable<T>(image: EncodedImage, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TwinlensError) throw error;
    const why = asTwinlensError(error).message.split('\n')[0];
    throw new TwinlensError(
      'UNDECODABLE_IMAGE',
      `The ${image.encoding} file can't be decoded (${why}); it may be damaged or cut short.`,
      { cause: error },
    );
  }
}

/**
 * Pixels of a picture up to which core's decoder is the quicker one: half of sharp's time at 0.2 megapixels, as much at
 * 2, and 1.5 times at 12 (`node bench/decoders.mjs`). It is the only one that decodes at a part of the size.
 */
const MOST_HERE = 2_000_000;

/** Each further step of libvips would cost, and change nothing. */
async function bySharp(image: EncodedImage, isUpright: boolean): Promise<PixelView> {
  const picture = sharp(image.data, { ...INPUT, ignoreIcc: true });
  const { data, info } = await (isUpright ? picture : picture.autoOrient()).raw().toBuffer({ resolveWithObject: true });
  return spread(data, info.width, info.height, info.channels);
}

function openPlain(image: EncodedImage, header: JpegHeader, options: DecodeOptions): OpenedImage {
  const { width, height, orientation } = header;
  const newPixels = width * height;
  checkPixelCount(width, height, options.maxPixels);
  const opened = openPlainJpeg(image.data, header, options.input);
  const here = opened && (opened.eighths < 8 || (!options.onThreads && newPixels <= MOST_HERE)) ? opened : undefined;
  return {
    newPixels,
    decode: () => {
      const picture = here && decodePlainJpeg(here, options.room);
      return picture ?? decodable(image, () => bySharp(image, orientation === 1));
    },
  };
}

async function openEncoded(image: EncodedImage, options: DecodeOptions): Promise<OpenedImage> {
  checkEncoding(image);
  const header = image.encoding === 'jpeg' ? plainJpegHeader(image.data) : undefined;
  if (header) return openPlain(image, header, options);
  const picture = sharp(image.data, { ...INPUT, pages: 1 });
  const { width, height } = await decodable(image, () => picture.metadata());
  checkPixelCount(width, height, options.maxPixels);
  return {
    newPixels: width * height,
    decode: () =>
      decodable(image, async () => {
        const { data, info } = await picture
          .autoOrient()
          .toColourspace('srgb')
          .flatten({ background: '#ffffff' })
          .raw({ depth: 'uchar' })
          .toBuffer({ resolveWithObject: true });
        return spread(data, info.width, info.height, info.channels);
      }),
  };
}

/** Errors: INVALID_ARGUMENT, UNSUPPORTED_MEDIA, PAYLOAD_TOO_LARGE, UNDECODABLE_IMAGE. */
export async function openImage(image: ImageInput, options: DecodeOptions): Promise<OpenedImage> {
  if (!('width' in image)) return openEncoded(image, options);
  const pixels = rawPixels(image, options.maxPixels);
  return { newPixels: 0, decode: () => pixels };
}

/** `openImage` and its `decode` in one, of the whole picture. */
export async function decodeImage(image: ImageInput, maxPixels: number): Promise<PixelView> {
  return (await openImage(image, { maxPixels, onThreads: false })).decode();
}
