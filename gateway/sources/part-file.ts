/**
 * The part of a file that has come so far, kept on disk so that a later attempt goes on where the last one broke off,
 * also after a restart. Hashes what it holds. Knows no network.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';

/** What tells whether the other end still has the same file. */
const tagSchema = z.object({ url: z.string(), validator: z.string().optional() });
export type PartTag = z.infer<typeof tagSchema>;

export class PartFile {
  readonly #path: string;
  readonly #tagPath: string;
  #file: FileHandle | undefined;
  #hash: Hash = createHash('sha256');
  #length = 0;
  #tag: PartTag | undefined;

  /** @param target the path of the whole file; the part is beside it */
  constructor(target: string) {
    this.#path = `${target}.part`;
    this.#tagPath = `${target}.part.json`;
  }

  get length(): number {
    return this.#length;
  }

  /** Undefined while nothing has come yet. */
  get tag(): PartTag | undefined {
    return this.#tag;
  }

  /** Opens what is there; a part without a readable tag begins anew. */
  async open(): Promise<void> {
    this.#file = await open(this.#path, 'a');
    this.#tag = await readTag(this.#tagPath);
    if (!this.#tag) return this.restart(undefined);
    this.#hash = createHash('sha256');
    this.#length = 0;
    for await (const piece of createReadStream(this.#path)) {
      this.#hash.update(piece);
      this.#length += piece.length;
    }
  }

  /** Forgets what came; what comes now is of `tag`. */
  async restart(tag: PartTag | undefined): Promise<void> {
    await this.#opened.truncate(0);
    this.#hash = createHash('sha256');
    this.#length = 0;
    this.#tag = tag;
    if (tag) await writeFile(this.#tagPath, JSON.stringify(tag));
    else await rm(this.#tagPath, { force: true });
  }

  async append(piece: Uint8Array): Promise<void> {
    for (let done = 0; done < piece.length; ) done += (await this.#opened.write(piece, done)).bytesWritten;
    this.#hash.update(piece);
    this.#length += piece.length;
  }

  /** Lower-case hex of what is there. */
  get sha256(): string {
    return this.#hash.copy().digest('hex');
  }

  /** It is the whole file: gives it its name. */
  async finish(target: string): Promise<void> {
    await this.#opened.datasync();
    await this.close();
    await rename(this.#path, target);
    await rm(this.#tagPath, { force: true });
  }

  /** Leaves the part for a later attempt. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Leaves nothing. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.#path, { force: true });
    await rm(this.#tagPath, { force: true });
  }

  get #opened(): FileHandle {
    if (!this.#file) throw new Error(`${this.#path} is not open.`);
    return this.#file;
  }
}

async function readTag(path: string): Promise<PartTag | undefined> {
  try {
    return tagSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined; // None, or one that a crash has cut: the part can't be trusted.
  }
}
