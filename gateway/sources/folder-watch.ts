/**
 * Tells when something in one of a set of folders changes. Each folder is watched by itself: Node's recursive watching
 * reads whole trees on some systems and loses folders that are renamed into place. What can't be watched is only
 * polled by whoever uses this.
 */
import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';

/** Systems allow a user some thousands of watched folders; the rest is left to others. */
const MAX_WATCHED = 512;

export class FolderWatch {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #onChange: () => void;
  #failure: string | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Why some folder is not watched, if so. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Watches exactly these from now on. Returns whether some were not watched before: they may have changed unseen. */
  set(folders: readonly string[]): boolean {
    const wanted = new Set(folders.slice(0, MAX_WATCHED));
    this.#failure = folders.length > MAX_WATCHED ? `more than ${MAX_WATCHED} folders` : undefined;
    for (const folder of this.#watchers.keys()) if (!wanted.has(folder)) this.#drop(folder);
    const before = this.#watchers.size;
    for (const folder of wanted) if (!this.#watchers.has(folder)) this.#add(folder);
    return this.#watchers.size > before;
  }

  close(): void {
    for (const folder of this.#watchers.keys()) this.#drop(folder);
  }

  #add(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false });
      this.#watchers.set(folder, watcher);
      watcher.on('change', (_, name) => {
        // A folder that goes away tells so by its own name; its successor of that name needs a watcher of its own.
        if (name === null || name.toString() === basename(folder)) this.#drop(folder);
        this.#onChange();
      });
      watcher.on('error', (error) => {
        this.#failure = error.message;
        this.#drop(folder);
        this.#onChange();
      });
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
    }
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}
