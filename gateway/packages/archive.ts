/**
 * Unpacks `.tar`, `.tar.gz` and `.zip` files, told apart by their content and never by their name. Plain files and
 * folders only: links, devices and encrypted entries are refused. Knows nothing of models.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { type Entry, openPromise } from 'yauzl';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { diskError, systemCode } from '../disk.ts';
import { MAX_ENTRIES, Meter, told, Unpacking, type UnpackLimits } from './unpacking.ts';

export type FileKind = 'tar' | 'gzip' | 'zip' | 'html' | 'git-lfs' | 'other';

export interface Unpacked {
  readonly files: number;
  readonly bytes: number;
}

const bad = (message: string, cause?: unknown) => new TwinlensError('INVALID_ARGUMENT', message, { cause });

/** What a file is by its first bytes. `other` may be an ONNX file, which has no mark. */
export async function kindOfFile(path: string): Promise<FileKind> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(512);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const bytes = head.subarray(0, bytesRead);
    const text = bytes.toString('latin1');
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
    if (text.startsWith('PK\u0003\u0004') || text.startsWith('PK\u0005\u0006')) return 'zip';
    if (text.slice(257, 262) === 'ustar') return 'tar';
    if (text.startsWith('version https://git-lfs')) return 'git-lfs';
    return /^\s*<(?:!doctype|html|\?xml|head|body)/i.test(text) ? 'html' : 'other';
  } finally {
    await file.close();
  }
}

/** Bytes of a tar besides its files: headers, padding, the long names of tar-stream's at most 4 MiB. */
const TAR_OVERHEAD = MAX_ENTRIES * 4096 + 8 * 1024 * 1024;

async function unpackTar(path: string, zipped: boolean, unpacking: Unpacking, limits: UnpackLimits): Promise<void> {
  const entries = extract();
  // Counted here as well: what is skipped or is no file takes time to unpack, too.
  const meter = new Meter(limits.maxBytes + TAR_OVERHEAD, limits.maxBytes);
  const source = createReadStream(path);
  // An archive cut short in the middle of a file would leave the writer of that file waiting for ever.
  const stop = new AbortController();
  const signal = AbortSignal.any([limits.signal, stop.signal]);
  let broken: unknown;
  const fed = (
    zipped ? pipeline(source, createGunzip(), meter, entries, { signal }) : pipeline(source, meter, entries, { signal })
  ).catch((error: unknown) => {
    broken = error;
    stop.abort(error);
  });
  try {
    for await (const entry of entries) {
      const { name, type, size = 0 } = entry.header;
      const parts = unpacking.next(name);
      if (type !== 'file' && type !== 'contiguous-file' && type !== 'directory') {
        throw bad(`The archive has ${told(name)}, a ${type ?? 'thing of unknown kind'}; only plain files are taken.`);
      }
      if (parts && type !== 'directory') {
        await unpacking.write(await unpacking.claim(parts, size), entry, signal);
      } else {
        entry.resume();
      }
    }
  } catch (error) {
    // The writer of a file only knows that it was stopped.
    throw error instanceof Error && error.name === 'AbortError' ? (broken ?? error) : error;
  } finally {
    entries.destroy();
    source.destroy();
    await fed;
  }
  if (broken !== undefined) throw broken;
}

/** File type bits of Unix, which zip keeps in the upper half where the archive was made on one. */
const UNIX = 3;
const TYPE_MASK = 0o170000;
const PLAIN = [0, 0o100000, 0o040000];

function checkZipEntry(entry: Entry): void {
  const type = entry.versionMadeBy >> 8 === UNIX ? (entry.externalFileAttributes >>> 16) & TYPE_MASK : 0;
  if (!PLAIN.includes(type)) throw bad(`The archive has ${told(entry.fileName)}, a link; only plain files are taken.`);
  if (entry.isEncrypted()) {
    throw bad(`The archive has ${told(entry.fileName)}, which is encrypted; pack it again without a password.`);
  }
}

/** What yauzl says of paths that lead out of the folder; it does not hand them out. */
const ZIP_PATH = /^(?:absolute path|invalid relative path|invalid characters in fileName): /;

async function unpackZip(path: string, unpacking: Unpacking, { signal }: UnpackLimits): Promise<void> {
  // Closed below, whatever happens. Sizes are counted here.
  const options = { lazyEntries: true, autoClose: false, strictFileNames: true, validateEntrySizes: false };
  const zip = await openPromise(path, options);
  try {
    for await (const entry of zip.eachEntry()) {
      const parts = unpacking.next(entry.fileName);
      checkZipEntry(entry);
      if (!parts || entry.fileName.endsWith('/')) continue;
      const place = await unpacking.claim(parts, entry.uncompressedSize);
      const bytes = await unpacking.write(place, await zip.openReadStreamPromise(entry), signal);
      if (bytes !== entry.uncompressedSize) {
        throw bad(`The archive has ${told(entry.fileName)} with another size than it says; pack it again.`);
      }
    }
  } finally {
    zip.close();
  }
}

/**
 * Unpacks the archive `path` into the empty folder `into`. Errors: INVALID_ARGUMENT for what is damaged or not
 * allowed, PAYLOAD_TOO_LARGE, CANCELLED, UNAVAILABLE where the disk refuses. What was written by then stays; the
 * caller deletes the folder.
 */
export async function unpack(
  path: string,
  kind: 'tar' | 'gzip' | 'zip',
  into: string,
  limits: UnpackLimits,
): Promise<Unpacked> {
  const unpacking = new Unpacking(into, limits);
  try {
    if (kind === 'zip') await unpackZip(path, unpacking, limits);
    else await unpackTar(path, kind === 'gzip', unpacking, limits);
  } catch (error) {
    if (limits.signal.aborted) throw new TwinlensError('CANCELLED', 'Unpacking was cancelled.', { cause: error });
    const known = diskError(error, "The archive can't be unpacked");
    if (known instanceof TwinlensError) throw known;
    // The system's codes; those of zlib and of streams have underscores.
    if (/^E[A-Z0-9]+$/.test(systemCode(error) ?? '')) throw error;
    const why = asTwinlensError(error).message.replace(/\.$/, '').slice(0, 200);
    if (ZIP_PATH.test(why)) throw bad(`The archive has a path that is refused (${why}).`, error);
    throw bad(`The archive can't be unpacked: ${why}. It may be damaged or cut short.`, error);
  }
  if (unpacking.files === 0) throw bad('The archive has no files; pack the model again.');
  return { files: unpacking.files, bytes: unpacking.bytes };
}
