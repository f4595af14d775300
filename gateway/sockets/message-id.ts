/** The id of a message that is not valid, so that its error can still name it. */
import { MAX_HEADER_BYTES } from '../../core/frame.ts';

export interface Glimpse {
  readonly id: string | undefined;
  /** The message means to be a `classify`, whose answer bears its id. */
  readonly classify: boolean;
}

const NOTHING: Glimpse = { id: undefined, classify: false };

/** What can be read of a message, valid or not. A binary frame is always meant to be a `classify`. */
export function glimpse(data: string | Uint8Array): Glimpse {
  if (typeof data === 'string') return data.length > MAX_HEADER_BYTES ? NOTHING : read(data);
  if (data.length < 4) return NOTHING;
  const length = new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(0, true);
  if (length > MAX_HEADER_BYTES || 4 + length > data.length) return NOTHING;
  return { ...read(new TextDecoder().decode(data.subarray(4, 4 + length))), classify: true };
}

function read(text: string): Glimpse {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return NOTHING;
  }
  if (typeof value !== 'object' || value === null) return NOTHING;
  const { id, type }: { id?: unknown; type?: unknown } = value;
  const known = typeof id === 'string' && id.length >= 1 && id.length <= 64 ? id : undefined;
  return { id: known, classify: type === 'classify' };
}
