/** The segments of a JPEG before its first scan's bits (ITU-T T.81, B.1.1). Knows where they are, not what they say. */

export interface JpegSegment {
  /** The second byte of its marker. */
  readonly marker: number;
  /** Without its length; cut short where the bytes end before it does. */
  readonly body: Uint8Array;
  /** Of the first byte behind it; past the last byte where the bytes end before it does. */
  readonly end: number;
}

export const START_OF_SCAN = 0xda;

/** Ends at what is no segment. The one that starts a scan is the last. */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return;
  for (let at = 2; at + 4 <= view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1; // A fill byte.
      continue;
    }
    const length = view.getUint16(at + 2);
    if (length < 2) return;
    const end = at + 2 + length;
    yield { marker, body: bytes.subarray(at + 4, end), end };
    if (marker === START_OF_SCAN) return;
    at = end;
  }
}

export function startsWith(bytes: Uint8Array, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (bytes[at] !== text.charCodeAt(at)) return false;
  return true;
}
