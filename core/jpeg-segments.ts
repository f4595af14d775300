/** The segments of a JPEG between its scans' bits (ITU-T T.81, B.1.1). Knows where they are, not what they say. */

export interface JpegSegment {
  /** The second byte of its marker. */
  readonly marker: number;
  /** Without its length; cut short where the bytes end before it does. */
  readonly body: Uint8Array;
  /** Of the first byte behind it; past the last byte where the bytes end before it does. */
  readonly end: number;
}

export const START_OF_SCAN = 0xda;
export const END_OF_IMAGE = 0xd9;

/** Those before the first scan. Ends at what is no segment; the one that starts the scan is the last. */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) yield* segmentsFrom(bytes, 2);
}

/** The same, from a marker at `begin` on. */
export function* segmentsFrom(bytes: Uint8Array, begin: number): Generator<JpegSegment> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = begin; at + 4 <= view.byteLength; ) {
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

/** The place of the marker that ends the bits of the scan that begins at `begin`; undefined: the bytes end before. */
export function endOfScan(bytes: Uint8Array, begin: number): number | undefined {
  for (let at = bytes.indexOf(0xff, begin); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next === undefined) return undefined;
    const isStuffed = next === 0 || next === 0xff;
    const isRestart = next >= 0xd0 && next <= 0xd7;
    if (!isStuffed && !isRestart) return at;
  }
  return undefined;
}

export function startsWith(bytes: Uint8Array, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (bytes[at] !== text.charCodeAt(at)) return false;
  return true;
}
