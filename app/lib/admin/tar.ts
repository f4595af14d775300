/**
 * A folder as one `.tar` (POSIX ustar) to be sent: headers made here, the files' own bytes left where they are
 * until the browser sends them.
 */
import { TwinlensError } from '../../../core/errors.ts';

export interface TarEntry {
  /** Below the folder, with forward slashes. */
  readonly path: string;
  readonly file: Blob;
}

const BLOCK = 512;
/** Bytes; the largest that the header's eleven octal digits can say. */
const LARGEST = 0o77777777777;

/** Throws INVALID_ARGUMENT for what the format can't carry. */
export function tarOf(entries: readonly TarEntry[]): Blob {
  const parts: BlobPart[] = [];
  for (const { path, file } of entries) {
    parts.push(header(path, file.size), file, new Uint8Array((BLOCK - (file.size % BLOCK)) % BLOCK));
  }
  return new Blob([...parts, new Uint8Array(2 * BLOCK)], { type: 'application/x-tar' });
}

function header(path: string, size: number): Uint8Array<ArrayBuffer> {
  const { name, prefix } = split(path);
  if (size > LARGEST) throw new TwinlensError('INVALID_ARGUMENT', `${path} is larger than a tar file can carry.`);
  const block = new Uint8Array(BLOCK);
  const put = (at: number, bytes: Uint8Array | string) =>
    block.set(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes, at);
  put(0, name);
  put(100, '0000644\0');
  put(108, '0000000\0');
  put(116, '0000000\0');
  put(124, `${size.toString(8).padStart(11, '0')}\0`);
  put(136, '00000000000\0');
  put(148, '        ');
  put(156, '0');
  put(257, 'ustar\x0000');
  put(345, prefix);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** At most 100 bytes of name and 155 of prefix, parted at a slash. */
function split(path: string): { readonly name: Uint8Array; readonly prefix: Uint8Array } {
  const bytes = new TextEncoder().encode(path);
  if (bytes.length <= 100) return { name: bytes, prefix: new Uint8Array() };
  const at = bytes.findIndex((byte, index) => byte === 0x2f && bytes.length - index - 1 <= 100);
  if (at <= 0 || at > 155) throw new TwinlensError('INVALID_ARGUMENT', `The path ${path} is too long for a tar file.`);
  return { name: bytes.subarray(at + 1), prefix: bytes.subarray(0, at) };
}
