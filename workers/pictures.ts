/**
 * From pictures to a model's input, one picture at a time, so that a stack of dropped photos never
 * stands decoded in memory. Knows manifests but no session.
 */
import type { EncodedImage, ImageInput, RawImage } from '../core/engine.ts';
import type { InputSpec, Manifest } from '../core/manifest.ts';
import { type PixelView, rawPixels } from '../core/pixels.ts';
import { exactSize, prepareRgb, resizeShortSide } from '../core/resize.ts';
import { resizedSize } from '../core/sizes.ts';
import { checkEncoding } from '../core/sniff.ts';
import { sha256 } from './download.ts';
import type { Picture, Prepared } from './engine.ts';
import { Lock } from './lock.ts';
import { decodePicture, type EncodedPicture, encodePicture, MAX_PIXELS } from './picture.ts';

/** Pixels of the longest side of an encoded picture; a longer strip is sent as it is. */
const MAX_SIDE = 8192;

export interface Pixels {
  /** What `prepareRgb` gave. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  /** Milliseconds. */
  readonly timings: { readonly decode: number; readonly prepare: number };
}

function fromEncoded(image: EncodedImage): Blob {
  checkEncoding(image);
  return new Blob([new Uint8Array(image.data)]);
}

const isRaw = (image: ImageInput): image is RawImage => 'width' in image;

export class Pictures {
  readonly #lock = new Lock();

  /** Decodes, resizes and crops. Uses up frames and bitmaps. */
  prepare(picture: Picture, input: InputSpec): Promise<Pixels> {
    return this.#lock.run(() => this.#toPixels(() => decodePicture(picture, input), input));
  }

  prepareImage(image: ImageInput, input: InputSpec): Promise<Pixels> {
    const decode = async () => (isRaw(image) ? rawPixels(image, MAX_PIXELS) : decodePicture(fromEncoded(image), input));
    return this.#lock.run(() => this.#toPixels(decode, input));
  }

  async describe(pixels: Pixels, { name, version, input }: Manifest): Promise<Prepared> {
    const { data, sourceWidth, sourceHeight, timings } = pixels;
    const digest = await sha256(data);
    const { width, height } = input;
    return { model: { name, version }, digest, pixels: data, width, height, sourceWidth, sourceHeight, timings };
  }

  /** The whole picture, at the size that the model's resize would bring it to and without loss; a long strip as a JPEG. */
  encode(picture: Picture, manifest: Manifest): Promise<EncodedPicture> {
    return this.#lock.run(async () => {
      const view = await decodePicture(picture, manifest.input);
      const scaled = scale(view, manifest.input);
      return encodePicture(scaled, scaled === view ? 'small' : 'exact');
    });
  }

  async #toPixels(decode: () => Promise<PixelView>, input: InputSpec): Promise<Pixels> {
    const begin = performance.now();
    const view = await decode();
    const decoded = performance.now();
    const data = prepareRgb(view, input);
    const timings = { decode: decoded - begin, prepare: performance.now() - decoded };
    const { width, height } = view.full ?? view;
    return { data, sourceWidth: width, sourceHeight: height, timings };
  }
}

function scale(view: PixelView, input: InputSpec): PixelView {
  if (input.resize.rule === 'exact') {
    const { width, height } = exactSize(input);
    return { data: prepareRgb(view, { ...input, width, height, channels: 'RGB' }), width, height, channels: 3 };
  }
  const { size, filter } = input.resize;
  const { width, height } = resizedSize(view.full ?? view, input);
  if (Math.max(width, height) > MAX_SIDE) return view;
  return { ...resizeShortSide(view, size, filter), channels: 3 };
}
