/**
 * The journal: who did what when. Operators' entries are written with their change; what the gateway and the sources
 * did by themselves has happened already, so it is kept in memory, and told in the log, also when the disk refuses.
 */
import type { JournalEntry } from '../../core/admin.ts';
import { asTwinlensError } from '../../core/errors.ts';
import type { ServingLog } from './log.ts';
import { type SavedState, withEntry } from './state.ts';
import type { StateStore } from './state-store.ts';

/** The actor of what the gateway does by itself. */
export const GATEWAY = 'gateway';

export type Note = Omit<JournalEntry, 'at'>;

export interface JournalOptions {
  readonly store: StateStore;
  /** Entries kept. */
  readonly max: number;
  /** Milliseconds since 1970. */
  readonly today: () => number;
  readonly log: ServingLog;
}

export class Journal {
  readonly #options: JournalOptions;
  /** The last fault that was told, so that each is told once. */
  #told: string | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** The state with one entry more. */
  with(state: SavedState, note: Note): SavedState {
    return withEntry(state, { at: this.#options.today(), ...note }, this.#options.max);
  }

  /** Writes an operator's entry and what it tells of. Rejects with UNAVAILABLE; nothing has changed then. */
  write(note: Note, edit: (state: SavedState) => SavedState = (state) => state): Promise<void> {
    return this.#options.store.change((state) => this.with(edit(state), note));
  }

  /** Keeps what happened by itself. Never rejects; resolves with whether it is on disk. */
  async record(note: Note, edit: (state: SavedState) => SavedState = (state) => state): Promise<boolean> {
    const { store, log } = this.#options;
    try {
      await store.record((state) => this.with(edit(state), note));
      this.#told = undefined;
      return true;
    } catch (error) {
      const { message, code } = asTwinlensError(error);
      if (message !== this.#told) log.warn({ event_type: 'state_not_kept', code }, message);
      this.#told = message;
      return false;
    }
  }

  /** Newest first; with `before`, those older than that. */
  read(limit: number, before = Number.POSITIVE_INFINITY): readonly JournalEntry[] {
    return this.#options.store.state.journal
      .filter(({ at }) => at < before)
      .slice(-Math.max(1, limit))
      .reverse();
  }
}
