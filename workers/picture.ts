/**
 * From what the page hands over to pixels, and from pixels to a file. Frames and bitmaps are closed,
 * whatever happens. Usual JPEGs are decoded by core, as in the gateway; other stills by createImageBitmap with its
 * default colour handling, which agrees with the gateway's decoder. The browser's own resizing is not used. Knows no model.
 */
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import type { InputSpec } from '../core/manifest.ts';
import { checkPixelCount, type PixelView } from '../core/pixels.ts';
import { decodePlainJpeg, openPlainJpeg, plainJpegHeader } from '../core/plain-jpeg.ts';
import type { Picture } from './engine.ts';
import { HEADER_BYTES, pictureSize } from './picture-size.ts';

/** Pixels of one picture; the RGBA of that many is 256 MiB. */
export const MAX_PIXELS = 64 * 1024 * 1024;
const JPEG_QUALITY = 0.92;
const LOSSLESS = 1;

const isFrame = (picture: Picture): picture is VideoFrame =>
  typeof VideoFrame !== 'undefined' && picture instanceof VideoFrame;

/** Lets go of what holds camera or graphics memory. A Blob holds none. */
export function closePicture(picture: Picture): void {
  if (!(picture instanceof Blob)) picture.close();
}

function context(width: number, height: number): OffscreenCanvasRenderingContext2D {
  if (typeof OffscreenCanvas === 'undefined') {
    throw new TwinlensError('ENGINE_FAILED', 'This browser has no OffscreenCanvas in workers; use a newer browser.');
  }
  const found = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (found) return found;
  throw new TwinlensError('ENGINE_FAILED', 'This browser gave no canvas to read pixels from; close other tabs.');
}

function draw(image: ImageBitmap | VideoFrame, width: number, height: number): PixelView {
  checkPixelCount(width, height, MAX_PIXELS);
  const canvas = context(width, height);
  canvas.drawImage(image, 0, 0, width, height);
  const { data } = canvas.getImageData(0, 0, width, height);
  return { data, width, height, channels: 4 };
}

async function decodeBlob(blob: Blob, input: InputSpec): Promise<PixelView> {
  if (blob.size === 0) throw new TwinlensError('INVALID_ARGUMENT', 'The picture is an empty file.');
  const header = new Uint8Array(await blob.slice(0, HEADER_BYTES).arrayBuffer());
  const claimed = pictureSize(header);
  if (claimed) checkPixelCount(claimed.width, claimed.height, MAX_PIXELS);
  const plainHeader = plainJpegHeader(header);
  const opened = plainHeader && openPlainJpeg(new Uint8Array(await blob.arrayBuffer()), plainHeader, input);
  const plain = opened && decodePlainJpeg(opened);
  if (plain) return plain;
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch (cause) {
    throw new TwinlensError(
      'UNDECODABLE_IMAGE',
      "This browser can't decode the file as a picture; it may be damaged, or of a kind it does not know.",
      { cause },
    );
  }
  try {
    return draw(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

/** Whether the frame's own pixels are what is seen: not turned, mirrored or stretched. */
function isPlain(frame: VideoFrame): boolean {
  const turned = Reflect.get(frame, 'rotation') || Reflect.get(frame, 'flip');
  const { visibleRect } = frame;
  return !turned && visibleRect?.width === frame.displayWidth && visibleRect.height === frame.displayHeight;
}

async function decodeFrame(frame: VideoFrame): Promise<PixelView> {
  const { displayWidth: width, displayHeight: height } = frame;
  checkPixelCount(width, height, MAX_PIXELS);
  if (isPlain(frame)) {
    const options: VideoFrameCopyToOptions = { format: 'RGBA' };
    try {
      const data = new Uint8Array(frame.allocationSize(options));
      const [layout] = await frame.copyTo(data, options);
      if (data.length === width * height * 4 && layout?.stride === width * 4) {
        return { data, width, height, channels: 4 };
      }
    } catch {
      // Browsers that don't convert while copying, and frames that live on the GPU, refuse: the canvas takes both.
    }
  }
  return draw(frame, width, height);
}

/**
 * Uses up frames and bitmaps. Errors: INVALID_ARGUMENT (empty), PAYLOAD_TOO_LARGE, UNDECODABLE_IMAGE.
 * @param input what the picture is for: of a large JPEG no more is decoded than this needs
 */
export async function decodePicture(picture: Picture, input: InputSpec): Promise<PixelView> {
  if (picture instanceof Blob) return decodeBlob(picture, input);
  try {
    return isFrame(picture) ? await decodeFrame(picture) : draw(picture, picture.width, picture.height);
  } catch (error) {
    throw asTwinlensError(error, 'UNDECODABLE_IMAGE');
  } finally {
    picture.close();
  }
}

export interface EncodedPicture {
  readonly encoding: 'jpeg' | 'png' | 'webp';
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What a browser makes of a type that it can't write is a PNG. */
const ENCODINGS: Readonly<Record<string, EncodedPicture['encoding']>> = {
  'image/jpeg': 'jpeg',
  'image/png': 'png',
  'image/webp': 'webp',
};

/**
 * @param form `exact`: every pixel arrives as it is. A model tells a lossy copy of so small a picture from the picture:
 *   JPEG at 0.92 changed 11 of 200 best answers, at 0.98 still 6, a lossless WebP none (bench/frame-quality.mjs)
 */
export async function encodePicture(
  { data, width, height, channels }: PixelView,
  form: 'exact' | 'small',
): Promise<EncodedPicture> {
  const canvas = context(width, height);
  const image = canvas.createImageData(width, height);
  if (channels === 4) {
    image.data.set(data);
  } else {
    for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
      image.data[to] = data[from] as number;
      image.data[to + 1] = data[from + 1] as number;
      image.data[to + 2] = data[from + 2] as number;
      image.data[to + 3] = 255;
    }
  }
  canvas.putImageData(image, 0, 0);
  if (channels === 4) {
    canvas.globalCompositeOperation = 'destination-over';
    canvas.fillStyle = '#ffffff';
    canvas.fillRect(0, 0, width, height);
  }
  const options =
    form === 'exact' ? { type: 'image/webp', quality: LOSSLESS } : { type: 'image/jpeg', quality: JPEG_QUALITY };
  const blob = await canvas.canvas.convertToBlob(options);
  const encoding = ENCODINGS[blob.type];
  if (!encoding) throw new TwinlensError('ENGINE_FAILED', `This browser encoded the picture as ${blob.type}.`);
  return { encoding, data: new Uint8Array(await blob.arrayBuffer()) };
}
