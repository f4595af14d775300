/**
 * The journal as the page shows it: the newest entries as the overview brings them, older ones on demand. Guarantees
 * no entry twice and at most MAX_ENTRIES held.
 */
import type { JournalEntry } from '../../../core/admin.ts';
import { asTwinlensError, type ErrorBody, toErrorBody } from '../../../core/errors.ts';
import { type ReadableStore, Store } from '../store.ts';

export interface JournalView {
  /** Newest first. */
  readonly entries: readonly JournalEntry[];
  readonly loading: boolean;
  /** There is nothing older. */
  readonly complete: boolean;
  readonly error: ErrorBody | undefined;
}

export interface JournalOptions {
  /** @param before milliseconds since 1970; entries older than it, newest first */
  readonly fetch: (limit: number, before: number | undefined) => Promise<readonly JournalEntry[]>;
}

export const PAGE = 50;
const MAX_ENTRIES = 2_000;
const EMPTY: JournalView = { entries: [], loading: false, complete: false, error: undefined };

const keyOf = (entry: JournalEntry): string => JSON.stringify(entry);

export class Journal {
  readonly #options: JournalOptions;
  readonly #view = new Store<JournalView>(EMPTY);

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  get view(): ReadableStore<JournalView> {
    return this.#view;
  }

  /** The newest entries, as the overview has them. */
  latest(entries: readonly JournalEntry[]): void {
    this.#view.update((view) => {
      const known = new Set(view.entries.map(keyOf));
      if (entries.every((entry) => known.has(keyOf(entry)))) return view;
      return { ...view, entries: join(entries, view.entries) };
    });
  }

  async more(): Promise<void> {
    const { entries, loading, complete } = this.#view.get();
    if (loading || complete) return;
    this.#view.update((view) => ({ ...view, loading: true, error: undefined }));
    try {
      const last = entries.at(-1)?.at;
      // One millisecond more, so that entries of the same moment are not lost.
      const older = await this.#options.fetch(PAGE, last === undefined ? undefined : last + 1);
      this.#view.update((view) => {
        const all = join(view.entries, older);
        const complete = older.length < PAGE || all.length === view.entries.length || all.length >= MAX_ENTRIES;
        return { ...view, loading: false, entries: all, complete };
      });
    } catch (failure) {
      const error = toErrorBody(asTwinlensError(failure));
      this.#view.update((view) => ({ ...view, loading: false, error }));
    }
  }

  clear(): void {
    this.#view.set(EMPTY);
  }
}

/** Both lists as one, newest first; the newest stay where there are too many. */
function join(first: readonly JournalEntry[], second: readonly JournalEntry[]): readonly JournalEntry[] {
  const all = new Map([...first, ...second].map((entry) => [keyOf(entry), entry]));
  return [...all.values()].sort((a, b) => b.at - a.at).slice(0, MAX_ENTRIES);
}
