/**
 * What comes out of an archive, on its way to the disk: every name is judged before anything is written, every byte
 * is counted while it is. Guarantees that nothing leaves the folder, that no entry takes another's place, and that
 * no more than the limits are written, whatever sizes the archive claims. Knows no archive format.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TwinlensError } from '../../core/errors.ts';

/** Entries of one archive; a model has a handful. */
export const MAX_ENTRIES = 1000;
/** Characters of one path, as in the manifest. */
const MAX_PATH = 200;

export interface UnpackLimits {
  /** Bytes of all files together. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

const bad = (message: string) => new TwinlensError('INVALID_ARGUMENT', message);

/** For messages: hostile names can be long and have line breaks. */
export const told = (name: string): string => JSON.stringify(name.slice(0, 80));

export function tooLarge(maxBytes: number): TwinlensError {
  return new TwinlensError(
    'PAYLOAD_TOO_LARGE',
    `Unpacked, the archive has more than the ${maxBytes} bytes that are taken (TWINLENS_MAX_UPLOAD_BYTES).`,
  );
}

/** Passes bytes on and fails with PAYLOAD_TOO_LARGE as soon as there are more than `left`. */
export class Meter extends Transform {
  #left: number;
  readonly #maxBytes: number;

  constructor(left: number, maxBytes: number) {
    super();
    this.#left = left;
    this.#maxBytes = maxBytes;
  }

  get left(): number {
    return this.#left;
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#left -= chunk.length;
    if (this.#left < 0) done(tooLarge(this.#maxBytes));
    else done(null, chunk);
  }
}

/** Files that macOS adds to every archive. */
function isJunk(parts: readonly string[]): boolean {
  return parts[0] === '__MACOSX' || parts.some((part) => part === '.DS_Store' || part.startsWith('._'));
}

/** The parts of a path inside the folder. Throws INVALID_ARGUMENT for a name that leads elsewhere. */
function entryParts(name: string): readonly string[] {
  if (name.length > MAX_PATH) {
    throw bad(`The archive has a path of ${name.length} characters (${told(name)}); at most ${MAX_PATH} are taken.`);
  }
  if (name.includes('\\')) throw bad(`The archive has a path with a backslash (${told(name)}); use forward slashes.`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in a name
  if (/[\x00-\x1f\x7f]/.test(name)) throw bad(`The archive has a path with control characters (${told(name)}).`);
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) {
    throw bad(`The archive has an absolute path (${told(name)}); pack the model's folder by a relative path.`);
  }
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw bad(`The archive has a path that leaves its folder (${told(name)}); it is refused.`);
  return parts;
}

export class Unpacking {
  readonly #folder: string;
  readonly #limits: UnpackLimits;
  /** Lower case, so that no file takes another's place where the file system does not tell them apart. */
  readonly #files = new Set<string>();
  #entries = 0;
  #left: number;

  constructor(folder: string, limits: UnpackLimits) {
    this.#folder = folder;
    this.#limits = limits;
    this.#left = limits.maxBytes;
  }

  get files(): number {
    return this.#files.size;
  }

  get bytes(): number {
    return this.#limits.maxBytes - this.#left;
  }

  /** Judges the next entry; the parts of its path, or undefined when it is to be skipped. */
  next(name: string): readonly string[] | undefined {
    if (this.#limits.signal.aborted) throw new TwinlensError('CANCELLED', 'Unpacking was cancelled.');
    this.#entries += 1;
    if (this.#entries > MAX_ENTRIES) {
      throw new TwinlensError('PAYLOAD_TOO_LARGE', `The archive has more than ${MAX_ENTRIES} entries.`);
    }
    const parts = entryParts(name);
    return parts.length === 0 || isJunk(parts) ? undefined : parts;
  }

  /**
   * Makes a place for a file and gives its path. Rejects with PAYLOAD_TOO_LARGE when the size that its entry claims
   * is too much already, with INVALID_ARGUMENT when another one has its place, or is its folder.
   */
  async claim(parts: readonly string[], bytes: number): Promise<string> {
    if (bytes > this.#left) throw tooLarge(this.#limits.maxBytes);
    const key = parts.join('/').toLowerCase().normalize('NFC');
    const taken = [...this.#files].some(
      (file) => file === key || file.startsWith(`${key}/`) || key.startsWith(`${file}/`),
    );
    if (taken) throw bad(`The archive has ${told(parts.join('/'))} twice; pack it again.`);
    this.#files.add(key);
    const path = join(this.#folder, ...parts);
    await mkdir(dirname(path), { recursive: true });
    return path;
  }

  /** Writes a file to a claimed place; reads from `from` at once, so that no error of it is missed. Gives its bytes. */
  async write(path: string, from: AsyncIterable<unknown>, signal: AbortSignal): Promise<number> {
    const before = this.#left;
    const meter = new Meter(this.#left, this.#limits.maxBytes);
    try {
      await pipeline(from, meter, createWriteStream(path, { flags: 'wx' }), { signal });
    } finally {
      this.#left = meter.left;
    }
    return before - this.#left;
  }
}
