/**
 * Answers of photos, kept in IndexedDB under the picture's prepared pixels, the model and its variant,
 * so that the same picture is not computed twice, whoever computed it. Guarantees: never more than
 * `limit` answers (least recently used go first), and no failure of the storage fails an answer.
 */
import type { Classification } from '../../core/engine.ts';
import type { EngineName } from './answer.ts';
import type { KeyValue } from './key-value.ts';
import { type ReadableStore, Store } from './store.ts';

export interface CachedAnswer {
  readonly result: Classification;
  readonly engine: EngineName;
  /** When it was last asked for, milliseconds since 1970. */
  readonly usedAt: number;
}

export interface CacheView {
  /** Answers kept now; undefined until known. */
  readonly count: number | undefined;
  /** Why answers are not being kept, if so. */
  readonly problem: 'full' | 'unavailable' | undefined;
}

export interface ResultCacheOptions {
  readonly values: KeyValue<CachedAnswer>;
  /** Answers; 0 keeps none. Default 500. */
  readonly limit?: number;
  /** Milliseconds since 1970. */
  readonly today: () => number;
}

const DEFAULT_LIMIT = 500;

/** `sha256(prepared pixels)+model@version+variant`. */
export function resultKey(
  digest: string,
  model: { readonly name: string; readonly version: number; readonly variant: string },
): string {
  return `${digest}+${model.name}@${model.version}+${model.variant}`;
}

export function isCachedAnswer(value: unknown): value is CachedAnswer {
  return (
    typeof value === 'object' &&
    value !== null &&
    'result' in value &&
    typeof value.result === 'object' &&
    value.result !== null &&
    'predictions' in value.result &&
    Array.isArray(value.result.predictions) &&
    'engine' in value &&
    (value.engine === 'device' || value.engine === 'gateway') &&
    'usedAt' in value &&
    typeof value.usedAt === 'number'
  );
}

export class ResultCache {
  readonly #values: KeyValue<CachedAnswer>;
  readonly #limit: number;
  readonly #today: () => number;
  readonly #view = new Store<CacheView>({ count: undefined, problem: undefined });
  /** Writes one after another, so that the count is right. */
  #writing: Promise<void> = Promise.resolve();

  constructor(options: ResultCacheOptions) {
    this.#values = options.values;
    this.#limit = options.limit ?? DEFAULT_LIMIT;
    this.#today = options.today;
  }

  get view(): ReadableStore<CacheView> {
    return this.#view;
  }

  /** Counts what is there from earlier visits. */
  async open(): Promise<void> {
    await this.#write(async () => undefined);
  }

  async find(key: string): Promise<CachedAnswer | undefined> {
    if (this.#limit === 0) return undefined;
    try {
      const found = await this.#values.get(key);
      if (found) void this.#write(() => this.#values.set(key, { ...found, usedAt: this.#today() }));
      return found;
    } catch (failure) {
      this.#broke(failure);
      return undefined;
    }
  }

  /** Resolves when kept or given up; never rejects. */
  keep(key: string, result: Classification, engine: EngineName): Promise<void> {
    if (this.#limit === 0) return Promise.resolve();
    return this.#write(() => this.#values.set(key, { result, engine, usedAt: this.#today() }));
  }

  clear(): Promise<void> {
    return this.#write(() => this.#values.clear());
  }

  #write(change: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      try {
        await change();
        let count = (await this.#values.keys()).length;
        if (count > this.#limit) count = await this.#trim();
        this.#view.set({ count, problem: undefined });
      } catch (failure) {
        this.#broke(failure);
      }
    });
    return this.#writing;
  }

  async #trim(): Promise<number> {
    const all = [...(await this.#values.entries())].sort(([, a], [, b]) => b.usedAt - a.usedAt);
    const kept = new Set(all.slice(0, this.#limit).map(([key]) => key));
    // By key, not by entry: a value of another age that can't be read goes too.
    await this.#values.deleteMany((await this.#values.keys()).filter((key) => !kept.has(key)));
    return kept.size;
  }

  #broke(failure: unknown): void {
    const full = failure instanceof DOMException && failure.name === 'QuotaExceededError';
    this.#view.update((view) => ({ ...view, problem: full ? 'full' : 'unavailable' }));
  }
}
