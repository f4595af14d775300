/** What a source listed last, on disk, so that what was fetched serves again when the other end can't be reached. */
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { diskError, makeFolder } from '../disk.ts';

/** A larger one is none of ours. Bytes. */
const MAX_BYTES = 16 * 1024 * 1024;

export class KeptListing {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Not checked yet; undefined when there is none that can be read. */
  async read(): Promise<unknown> {
    try {
      if ((await stat(this.#path)).size > MAX_BYTES) return undefined;
      return JSON.parse(await readFile(this.#path, 'utf8'));
    } catch {
      return undefined; // The other end is asked for it again.
    }
  }

  /** Rejects with UNAVAILABLE where the disk refuses. */
  async write(listing: unknown): Promise<void> {
    try {
      await makeFolder(dirname(this.#path));
      await writeFileAtomic(this.#path, JSON.stringify(listing));
    } catch (error) {
      throw diskError(error, `${this.#path} can't be written`);
    }
  }
}
