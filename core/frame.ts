/**
 * The binary frame: `u32 little-endian header length | header JSON (UTF-8) | payload`.
 * Carries an image with its `classify` message as the header. Copies nothing when reading.
 */
import { TwinlensError } from './errors.ts';
import { type ClassifyMessage, parseClientMessage } from './protocol.ts';

const LENGTH_BYTES = 4;
/** Bytes; a longer header is refused, so that a header can't hide a payload. */
export const MAX_HEADER_BYTES = 16 * 1024;

export interface ClassifyFrame {
  readonly message: ClassifyMessage;
  /** A view into the frame. */
  readonly payload: Uint8Array;
}

export function encodeClassifyFrame(message: ClassifyMessage, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(JSON.stringify(message));
  const frame = new Uint8Array(LENGTH_BYTES + header.length + payload.length);
  new DataView(frame.buffer).setUint32(0, header.length, true);
  frame.set(header, LENGTH_BYTES);
  frame.set(payload, LENGTH_BYTES + header.length);
  return frame;
}

/** Throws INVALID_ARGUMENT for a frame that is too short, whose header is wrong, or that is no `classify`. */
export function decodeClassifyFrame(frame: Uint8Array): ClassifyFrame {
  if (frame.length < LENGTH_BYTES) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `A binary frame starts with a 4-byte header length; this one has ${frame.length} bytes.`,
    );
  }
  const length = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0, true);
  if (length > MAX_HEADER_BYTES || LENGTH_BYTES + length > frame.length) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `The frame says that its header has ${length} bytes, but it has ${frame.length - LENGTH_BYTES} bytes in all; a header has at most ${MAX_HEADER_BYTES}.`,
    );
  }
  const bytes = frame.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', 'The frame header is not UTF-8.', { cause });
  }
  const message = parseClientMessage(text);
  if (message.type !== 'classify') {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `A binary frame carries a classify message; send ${message.type} as text.`,
    );
  }
  return { message, payload: frame.subarray(LENGTH_BYTES + length) };
}
