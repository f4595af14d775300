/**
 * The gateway's state on disk: one file, written whole and by rename, so that after a crash at any moment it is the
 * old one or the new one. Guarantees that changes happen one after the other, that a change is on disk before it
 * takes effect, and that one which can't be written changes nothing. The file is read once, at the start: two
 * gateways on one folder don't see each other's changes, and the last one to write wins.
 */
import { access, constants, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { diskReason, makeFolder, systemCode } from '../disk.ts';
import { EMPTY_STATE, parseState, type SavedState } from './state.ts';

export const STATE_FILE = 'state.json';
/** What write-file-atomic leaves behind when its process is killed. */
const LEFTOVER = /^state\.json\.\d+$/;
/** Changes that wait for the disk; beyond it UNAVAILABLE. */
const MAX_WAITING = 1000;

export interface StateStoreOptions {
  /** Undefined: nothing is kept. */
  readonly folder: string | undefined;
  /** For tests of a disk that refuses. */
  readonly write?: (path: string, text: string) => Promise<void>;
}

function why(error: unknown): string {
  return diskReason(error) ?? systemCode(error) ?? asTwinlensError(error).message;
}

export class StateStore {
  readonly #folder: string | undefined;
  readonly #write: (path: string, text: string) => Promise<void>;
  #state: SavedState;
  /** Why the last attempt to write failed. */
  #fault: string | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #rechecking: Promise<void> | undefined;
  #waiting = 0;
  readonly #listeners = new Set<() => void>();

  private constructor(options: StateStoreOptions, state: SavedState, fault: string | undefined) {
    this.#folder = options.folder;
    this.#write = options.write ?? ((path, text) => writeFileAtomic(path, text, { mode: 0o600 }));
    this.#state = state;
    this.#fault = fault;
  }

  /** Reads what is kept. Throws INVALID_ARGUMENT for a file that can't be read: nothing is discarded silently. */
  static async open(options: StateStoreOptions): Promise<StateStore> {
    const { folder } = options;
    if (folder === undefined) {
      const fault = 'No data folder is configured; set TWINLENS_DATA to a folder that can be written.';
      return new StateStore(options, EMPTY_STATE, fault);
    }
    let fault: string | undefined;
    try {
      await makeFolder(folder);
      await access(folder, constants.W_OK);
      for (const name of await readdir(folder)) if (LEFTOVER.test(name)) await rm(join(folder, name), { force: true });
    } catch (error) {
      fault = `The data folder ${folder} can't be written: ${why(error)}.`;
    }
    return new StateStore(options, await readState(join(folder, STATE_FILE)), fault);
  }

  get state(): SavedState {
    return this.#state;
  }

  /** Why nothing can be kept, if so; tried again with every change and by `recheck`. */
  get readOnly(): string | undefined {
    return this.#fault;
  }

  /** Rejects with what `edit` throws, or with UNAVAILABLE when the disk refuses; then nothing has changed. */
  change(edit: (state: SavedState) => SavedState): Promise<void> {
    return this.#queue(async () => {
      const next = edit(this.#state);
      if (next === this.#state) return;
      await this.#save(next);
      this.#take(next);
    });
  }

  /** A change that is a fact already: it takes effect also when the disk refuses, which rejects as in `change`, and without one. */
  record(edit: (state: SavedState) => SavedState): Promise<void> {
    return this.#queue(async () => {
      const next = edit(this.#state);
      if (next === this.#state) return;
      this.#take(next);
      if (this.#folder !== undefined) await this.#save(next);
    });
  }

  /**
   * Where the last attempt to write failed, tries once more: somebody may have made room. Never rejects; `readOnly` tells
   * how it went. What took effect without being written is then on disk, too.
   */
  recheck(): Promise<void> {
    if (this.#fault === undefined) return Promise.resolve();
    this.#rechecking ??= this.#retry().finally(() => {
      this.#rechecking = undefined;
    });
    return this.#rechecking;
  }

  /** Calls back after every change of `state`. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when everything that was asked so far is done. */
  async settled(): Promise<void> {
    await this.#last;
  }

  #take(next: SavedState): void {
    this.#state = next;
    for (const listener of this.#listeners) listener();
  }

  async #retry(): Promise<void> {
    const folder = this.#folder;
    if (folder === undefined) return;
    try {
      await this.#queue(async () => {
        await makeFolder(folder);
        await this.#save(this.#state);
      });
    } catch {
      // `readOnly` goes on saying why.
    }
  }

  #queue(work: () => Promise<void>): Promise<void> {
    if (this.#waiting >= MAX_WAITING) {
      return Promise.reject(
        new TwinlensError('UNAVAILABLE', `${MAX_WAITING} changes wait for the disk; try again in a moment.`),
      );
    }
    this.#waiting += 1;
    const done = this.#last.then(work).finally(() => {
      this.#waiting -= 1;
    });
    // The next one begins also when this one failed; its caller hears of it.
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #save(next: SavedState): Promise<void> {
    if (this.#folder === undefined) throw new TwinlensError('UNAVAILABLE', this.#fault ?? 'There is no data folder.');
    const path = join(this.#folder, STATE_FILE);
    try {
      await this.#write(path, `${JSON.stringify(next)}\n`);
      this.#fault = undefined;
    } catch (cause) {
      this.#fault = `${path} can't be written: ${why(cause)}.`;
      throw new TwinlensError('UNAVAILABLE', `${this.#fault} Nothing has been changed there.`, { cause });
    }
  }
}

async function readState(path: string): Promise<SavedState> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    // No file yet; or no folder for one, which `readOnly` tells.
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(cause) ?? '')) return EMPTY_STATE;
    throw new TwinlensError('INVALID_ARGUMENT', `${path} can't be read: ${why(cause)}.`, { cause });
  }
  try {
    return parseState(text);
  } catch (cause) {
    throw new TwinlensError(
      'INVALID_ARGUMENT',
      `${path} is damaged (${asTwinlensError(cause).message}). It holds labels, canaries and the journal: bring back ` +
        'a copy of it, or move it away to begin anew.',
      { cause },
    );
  }
}
