/** From a call's arguments to its `classify` message, and the limits that a frame must keep. Knows no wire. */
import type { ClassifyOptions, ImageInput } from '../core/engine.ts';
import { TwinlensError } from '../core/errors.ts';
import { type ClassifyMessage, type ImageDescriptor, type Limits, parseClientMessage } from '../core/protocol.ts';

export interface ClientClassifyOptions extends ClassifyOptions {
  /** `name`, `name@version` or `name:label`; the gateway's default model when left out. */
  readonly model?: string;
  /** Requests with the same key, such as a user's, are answered by the same version while a canary runs. */
  readonly key?: string;
}

/** The message of `image`, checked by the gateway's own rules so that a mistake is told here. Throws INVALID_ARGUMENT. */
export function toMessage(
  id: string,
  image: ImageInput,
  deadlineMs: number,
  options: ClientClassifyOptions,
): ClassifyMessage {
  const { model, top, priority, stream, key } = options;
  // A deadline that has passed is no mistake of form; the request table answers it.
  const deadline = Math.max(1, Math.ceil(deadlineMs));
  const text = JSON.stringify({
    type: 'classify',
    id,
    model,
    top,
    image: describeImage(image),
    deadlineMs: deadline,
    priority,
    stream,
    key,
  });
  const message = parseClientMessage(text);
  if (message.type !== 'classify') throw new TwinlensError('INTERNAL', 'A classify message was read as another one.');
  return message;
}

function describeImage(image: ImageInput): ImageDescriptor {
  if (image.encoding !== 'rgb8' && image.encoding !== 'rgba8') return { encoding: image.encoding };
  const { encoding, width, height, data } = image;
  const bytes = width * height * (encoding === 'rgb8' ? 3 : 4);
  if (data.length !== bytes) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `${width} x ${height} pixels of ${encoding} are ${bytes} bytes, but the image has ${data.length}.`,
    );
  }
  return { encoding, width, height };
}

/** The error for a frame that the gateway would refuse. */
export function tooLarge(image: ImageDescriptor, frameBytes: number, limits: Limits): TwinlensError | undefined {
  if (frameBytes > limits.maxBytes) {
    return new TwinlensError(
      'PAYLOAD_TOO_LARGE',
      `The image is ${frameBytes} bytes; the gateway takes ${limits.maxBytes}. Make it smaller or compress it more.`,
    );
  }
  if ('width' in image && image.width * image.height > limits.maxPixels) {
    return new TwinlensError(
      'PAYLOAD_TOO_LARGE',
      `The image has ${image.width * image.height} pixels; the gateway takes ${limits.maxPixels}. Make it smaller.`,
    );
  }
  return undefined;
}
