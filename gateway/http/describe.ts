/** What bytes that are no picture of ours seem to be, in words for the message that refuses them. */

const ascii = (bytes: Uint8Array, start: number, length: number) =>
  String.fromCharCode(...bytes.subarray(start, start + length));

export function describeBytes(bytes: Uint8Array): string {
  const start = ascii(bytes, 0, 64).trimStart().toLowerCase();
  if (start.startsWith('<!doctype') || start.startsWith('<html')) return 'an HTML page';
  if (start.startsWith('<svg') || start.startsWith('<?xml')) return 'XML or SVG';
  if (start.startsWith('gif8')) return 'a GIF';
  if (start.startsWith('%pdf')) return 'a PDF';
  if (start.startsWith('{') || start.startsWith('[')) return 'JSON';
  if (start.startsWith('ii*') || start.startsWith('mm')) return 'a TIFF';
  if (start.startsWith('bm')) return 'a BMP';
  if (ascii(bytes, 4, 4) === 'ftyp') return 'HEIF or a video';
  return 'of no kind that is known here';
}
