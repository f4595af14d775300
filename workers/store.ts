/**
 * The verified model store of this device: files by their sha256, hashed at every read, and the index
 * that lets a second visit work without the network. A store that fails costs a download, never an answer.
 */
import type { NoticeCode } from '../core/engine.ts';
import { asTwinlensError } from '../core/errors.ts';
import type { FileEntry, Manifest } from '../core/manifest.ts';
import { sha256 } from './download.ts';
import { openShelf, type Shelf } from './shelves.ts';
import {
  EMPTY_INDEX,
  mention,
  parseIndex,
  remember,
  rememberPassed,
  rememberVerdict,
  type StoredModel,
  type StoreIndex,
  type Verdict,
  wantedFiles,
} from './store-index.ts';

const INDEX = 'index.json';

export type Notice = (code: NoticeCode, message: string) => void;

export class ModelStore {
  readonly #notice: Notice;
  #opening: Promise<Shelf> | undefined;
  #complained = false;

  constructor(notice: Notice) {
    this.#notice = notice;
  }

  async kind(): Promise<Shelf['kind']> {
    return (await this.#shelf()).kind;
  }

  /** The file, if it is here and is what `entry` says; a damaged one is dropped. */
  async read(entry: FileEntry): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const shelf = await this.#shelf();
    try {
      const bytes = await shelf.read(entry.sha256);
      if (!bytes) return undefined;
      if (bytes.length === entry.bytes && (await sha256(bytes)) === entry.sha256) return bytes;
      await shelf.remove(entry.sha256);
    } catch (error) {
      this.#complain(error);
    }
    return undefined;
  }

  /** Keeps verified bytes; without room they are not kept, and a notice says so. */
  async write(entry: FileEntry, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const shelf = await this.#shelf();
    try {
      await shelf.write(entry.sha256, bytes);
    } catch (error) {
      try {
        // What was cut short would only be found damaged later.
        await shelf.remove(entry.sha256);
      } catch (second) {
        this.#complain(second);
      }
      this.#complain(error);
    }
  }

  async models(): Promise<readonly StoredModel[]> {
    return (await this.#readIndex()).models;
  }

  async verdict(key: string): Promise<Verdict | undefined> {
    return (await this.#readIndex()).verdicts.find((verdict) => verdict.key === key);
  }

  /** Makes `manifest` the model in use, and removes the files that no kept model needs. */
  async remember(manifest: Manifest, labels: Readonly<Record<string, number>> | undefined): Promise<void> {
    await this.#update((index) => remember(index, manifest, labels));
    await this.#removeAllBut(wantedFiles(await this.#readIndex()));
  }

  /** Makes `manifest` known beside the model in use. */
  async mention(manifest: Manifest, labels: Readonly<Record<string, number>> | undefined): Promise<void> {
    await this.#update((index) => mention(index, manifest, labels));
    await this.#removeAllBut(wantedFiles(await this.#readIndex()));
  }

  async rememberVerdict(verdict: Verdict): Promise<void> {
    await this.#update((index) => rememberVerdict(index, verdict));
  }

  /** Whether goldens passed here on WebAssembly, under this key of `passed.ts`. */
  async hasPassed(key: string): Promise<boolean> {
    return (await this.#readIndex()).passed.includes(key);
  }

  async rememberPassed(key: string): Promise<void> {
    await this.#update((index) => rememberPassed(index, key));
  }

  async clear(): Promise<void> {
    await this.#update(() => EMPTY_INDEX);
    await this.#removeAllBut(new Set());
  }

  #shelf(): Promise<Shelf> {
    this.#opening ??= openShelf().then(({ shelf, reason }) => {
      if (shelf.kind === 'memory') {
        this.#complain(new Error(reason));
      }
      return shelf;
    });
    return this.#opening;
  }

  async #readIndex(): Promise<StoreIndex> {
    try {
      return parseIndex(await (await this.#shelf()).read(INDEX));
    } catch (error) {
      this.#complain(error);
      return EMPTY_INDEX;
    }
  }

  /** Under a lock across tabs, so that two of them don't forget each other's model. */
  async #update(change: (index: StoreIndex) => StoreIndex): Promise<void> {
    const work = async () => {
      const shelf = await this.#shelf();
      const index = change(await this.#readIndex());
      await shelf.write(INDEX, new TextEncoder().encode(JSON.stringify(index)));
    };
    try {
      if ('locks' in navigator) await navigator.locks.request('twinlens-store', work);
      else await work();
    } catch (error) {
      this.#complain(error);
    }
  }

  async #removeAllBut(wanted: ReadonlySet<string>): Promise<void> {
    const shelf = await this.#shelf();
    try {
      for (const key of await shelf.keys()) {
        if (key !== INDEX && !wanted.has(key)) await shelf.remove(key);
      }
    } catch (error) {
      this.#complain(error);
    }
  }

  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#notice(
      'STORE_UNAVAILABLE',
      `The model can't be kept on this device (${asTwinlensError(error).message}); it will be downloaded again next time.`,
    );
  }
}
