/**
 * Files that somebody handed in and that wait to be imported: streamed to disk while they arrive, bounded in bytes,
 * number and time. Guarantees that a cut, stalled or refused upload leaves nothing behind. Knows no transport.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Upload } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { diskError, onDisk } from '../disk.ts';
import type { Staging } from './staging.ts';

export interface UploadsOptions {
  /** Undefined: the gateway keeps nothing (TWINLENS_DATA is empty). */
  readonly staging: Staging | undefined;
  /** Bytes of one upload. */
  readonly maxBytes: number;
  readonly after: (ms: number, run: () => void) => () => void;
  readonly log: { warn(fields: object, message: string): void };
}

/** An upload that an import reads; it stays until `release` was called, and some time longer for another try. */
export interface HeldUpload extends Upload {
  readonly path: string;
  release(): void;
}

/** Uploads that arrive at the same time. */
const MAX_ARRIVING = 4;
/** Uploads that wait to be imported; a further one takes the place of the oldest. */
const MAX_KEPT = 8;
/** Milliseconds for which an upload is kept after it arrived or was last read. */
const KEEP_MS = 3_600_000;
const BUSY_RETRY_MS = 5000;

interface Kept extends Upload {
  readonly folder: string;
  readonly path: string;
  /** Imports that read it now. */
  readers: number;
  forget: () => void;
}

export class Uploads {
  readonly #options: UploadsOptions;
  /** Oldest first. */
  readonly #kept = new Map<string, Kept>();
  #arriving = 0;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /**
   * Stores what `stream` brings; `announced` is its length where it is known. Rejects with PAYLOAD_TOO_LARGE,
   * INVALID_ARGUMENT (nothing came), CANCELLED (it broke off), QUEUE_FULL or UNAVAILABLE (the disk refuses).
   */
  async receive(fileName: string, stream: AsyncIterable<unknown>, announced: number | undefined): Promise<Upload> {
    const { maxBytes } = this.#options;
    const staging = this.#staging();
    if (announced !== undefined && announced > maxBytes) throw tooLarge(maxBytes);
    if (this.#arriving >= MAX_ARRIVING) {
      throw new TwinlensError('QUEUE_FULL', `${MAX_ARRIVING} uploads arrive already; try again when one has ended.`, {
        retryAfterMs: BUSY_RETRY_MS,
      });
    }
    this.#arriving += 1;
    try {
      const folder = await staging.create();
      const path = join(folder, 'upload');
      try {
        const stored = await store(path, stream, maxBytes);
        return this.#keep({ id: randomUUID(), fileName: plainName(fileName), ...stored }, folder, path);
      } catch (error) {
        await this.#remove(folder);
        throw error;
      }
    } finally {
      this.#arriving -= 1;
    }
  }

  /** Throws NOT_FOUND when there is no such upload. */
  check(id: string): void {
    this.#find(id);
  }

  /** Holds an upload for an import. Throws NOT_FOUND. */
  hold(id: string): HeldUpload {
    const kept = this.#find(id);
    kept.readers += 1;
    kept.forget();
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      kept.readers -= 1;
      if (kept.readers === 0) this.#expireLater(kept);
    };
    const { fileName, bytes, sha256, path } = kept;
    return { id, fileName, bytes, sha256, path, release };
  }

  /** Deletes an upload that nobody reads; does nothing for others. */
  async discard(id: string): Promise<void> {
    const kept = this.#kept.get(id);
    if (!kept || kept.readers > 0) return;
    kept.forget();
    this.#kept.delete(id);
    await this.#remove(kept.folder);
  }

  async close(): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    for (const { forget } of all) forget();
    await Promise.all(all.map(({ folder }) => this.#remove(folder)));
  }

  #find(id: string): Kept {
    const kept = this.#kept.get(id);
    if (kept) return kept;
    throw new TwinlensError('NOT_FOUND', 'That upload is not here (any more); send the file again.');
  }

  #staging(): Staging {
    const { staging } = this.#options;
    if (staging) return staging;
    throw new TwinlensError(
      'UNAVAILABLE',
      'The gateway keeps nothing, because TWINLENS_DATA is empty; set it to a folder.',
    );
  }

  #keep(upload: Upload, folder: string, path: string): Upload {
    const kept: Kept = { ...upload, folder, path, readers: 0, forget: () => undefined };
    this.#kept.set(kept.id, kept);
    this.#expireLater(kept);
    for (const { id, readers } of this.#kept.values()) {
      if (this.#kept.size <= MAX_KEPT) break;
      if (readers === 0 && id !== kept.id) void this.discard(id);
    }
    return upload;
  }

  #expireLater(kept: Kept): void {
    kept.forget = this.#options.after(KEEP_MS, () => void this.discard(kept.id));
  }

  /** Never rejects: what can't be deleted now is deleted at the next start. */
  async #remove(folder: string): Promise<void> {
    try {
      await this.#options.staging?.remove(folder);
    } catch (error) {
      this.#options.log.warn({ event_type: 'upload_left', err: error }, 'an upload could not be deleted');
    }
  }
}

async function store(path: string, stream: AsyncIterable<unknown>, maxBytes: number) {
  const hash = createHash('sha256');
  let bytes = 0;
  // Exclusively: the folder is ours alone, so a file there is a fault.
  const file = await onDisk('The upload can not be stored', () => open(path, 'wx'));
  try {
    for await (const chunk of readable(stream)) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      hash.update(chunk);
      await writeAll(file, chunk);
    }
  } finally {
    await file.close();
  }
  if (bytes === 0) {
    throw new TwinlensError('INVALID_ARGUMENT', 'The body is empty; send the file as it is, as its bytes.');
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The chunks; a stream that fails was cut off. */
async function* readable(stream: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      let next: IteratorResult<unknown>;
      try {
        next = await chunks.next();
      } catch (cause) {
        if (cause instanceof TwinlensError) throw cause;
        throw new TwinlensError('CANCELLED', 'The connection was closed before the whole file had come.', { cause });
      }
      if (next.done) return;
      if (!(next.value instanceof Uint8Array)) {
        throw new TwinlensError('INTERNAL', 'The body came as something else than bytes.');
      }
      yield next.value;
    }
  } finally {
    // Of one that is refused half-way, the rest must not stay with this iterator: it is thrown away elsewhere.
    await chunks.return?.();
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten;
  } catch (error) {
    throw diskError(error, 'The upload can not be stored');
  }
}

function tooLarge(maxBytes: number): TwinlensError {
  return new TwinlensError(
    'PAYLOAD_TOO_LARGE',
    `A model has at most ${maxBytes} bytes here; send a smaller one, or raise TWINLENS_MAX_UPLOAD_BYTES.`,
  );
}

/** The name without folders and control characters; it is shown and its ending is read, but no file is called so. */
export function plainName(fileName: string): string {
  const last = fileName.split(/[\\/]/).at(-1) ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = last.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '').slice(-200);
  return plain === '' || /^\.+$/.test(plain) ? 'model' : plain;
}
