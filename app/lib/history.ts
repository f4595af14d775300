/**
 * The answers the visitor got, newest first, with small pictures, kept in this browser only. Bounded;
 * clearing can be undone. A storage that fails leaves the history in memory.
 */
import type { Prediction } from '../../core/engine.ts';
import type { Answer, EngineName } from './answer.ts';
import type { KeyValue } from './key-value.ts';
import { type ReadableStore, Store } from './store.ts';

export interface HistoryEntry {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `camera`, or the name of the photo's file. */
  readonly name: string;
  /** Data URL of a small JPEG; empty when none could be made. */
  readonly thumbnail: string;
  readonly predictions: readonly Prediction[];
  readonly notSure: boolean;
  readonly engine: EngineName;
  readonly provider: string;
  readonly model: string;
  readonly version: number;
  readonly variant: string;
  /** Nothing was computed: the answer was kept from before, here or on the gateway. */
  readonly cached: boolean;
  /** Milliseconds. */
  readonly totalMs: number;
}

export interface HistoryView {
  readonly entries: readonly HistoryEntry[];
  /** What `undo` would bring back. */
  readonly removed: readonly HistoryEntry[];
}

export interface HistoryOptions {
  readonly values: KeyValue<HistoryEntry>;
  /** Entries; default 200. */
  readonly limit?: number;
  /** Milliseconds since 1970. */
  readonly today: () => number;
  readonly newId: () => string;
}

const DEFAULT_LIMIT = 200;

export function isHistoryEntry(value: unknown): value is HistoryEntry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'string' &&
    'at' in value &&
    typeof value.at === 'number' &&
    'thumbnail' in value &&
    typeof value.thumbnail === 'string' &&
    'predictions' in value &&
    Array.isArray(value.predictions) &&
    'model' in value &&
    'provider' in value &&
    'totalMs' in value
  );
}

export class History {
  readonly #values: KeyValue<HistoryEntry>;
  readonly #limit: number;
  readonly #today: () => number;
  readonly #newId: () => string;
  readonly #view = new Store<HistoryView>({ entries: [], removed: [] });
  #writing: Promise<void> = Promise.resolve();

  constructor(options: HistoryOptions) {
    this.#values = options.values;
    this.#limit = options.limit ?? DEFAULT_LIMIT;
    this.#today = options.today;
    this.#newId = options.newId;
  }

  get view(): ReadableStore<HistoryView> {
    return this.#view;
  }

  /** Reads what earlier visits left. */
  async open(): Promise<void> {
    const stored = await this.#values.entries().catch((): readonly (readonly [string, HistoryEntry])[] => []);
    const known = new Set(this.#view.get().entries.map((entry) => entry.id));
    const earlier = stored.map(([, entry]) => entry).filter((entry) => !known.has(entry.id));
    this.#put([...this.#view.get().entries, ...earlier]);
  }

  add(answer: Answer, name: string, thumbnail: string): HistoryEntry {
    const { result } = answer;
    const entry: HistoryEntry = {
      id: this.#newId(),
      at: this.#today(),
      name,
      thumbnail,
      predictions: result.predictions.slice(0, 5),
      notSure: result.notSure,
      engine: answer.engine,
      provider: result.provider,
      model: result.model,
      version: result.version,
      variant: result.variant,
      cached: answer.source === 'store' || result.cached,
      totalMs: answer.source === 'store' ? answer.waitedMs : result.timings.total,
    };
    this.#write(() => this.#values.set(entry.id, entry));
    this.#put([entry, ...this.#view.get().entries]);
    return entry;
  }

  /** Empties it; `undo` brings everything back until the next clear or `forget`. */
  clear(): void {
    const { entries } = this.#view.get();
    if (entries.length === 0) return;
    this.#view.set({ entries: [], removed: entries });
    this.#write(() => this.#values.clear());
  }

  undo(): void {
    const { entries, removed } = this.#view.get();
    this.#view.set({ entries, removed: [] });
    for (const entry of removed) this.#write(() => this.#values.set(entry.id, entry));
    this.#put([...entries, ...removed]);
  }

  /** Gives up the way back. */
  forget(): void {
    this.#view.update((view) => ({ ...view, removed: [] }));
  }

  /** Resolves when everything so far is stored or given up. */
  get settled(): Promise<void> {
    return this.#writing;
  }

  #put(entries: readonly HistoryEntry[]): void {
    const sorted = [...entries].sort((a, b) => b.at - a.at);
    const dropped = sorted.slice(this.#limit);
    this.#view.update((view) => ({ ...view, entries: sorted.slice(0, this.#limit) }));
    if (dropped.length > 0) this.#write(() => this.#values.deleteMany(dropped.map((entry) => entry.id)));
  }

  #write(change: () => Promise<void>): void {
    // A storage that fails costs the memory of the next visit, nothing now.
    this.#writing = this.#writing.then(change).catch(() => undefined);
  }
}
