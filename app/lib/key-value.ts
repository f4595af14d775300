/**
 * The slice of IndexedDB that the page's stores use, by idb-keyval. Stores opened here never share a
 * database: idb-keyval can hold one object store a database.
 */
import { clear, createStore, delMany, entries, get, keys, set } from 'idb-keyval';

export interface KeyValue<T> {
  get(key: string): Promise<T | undefined>;
  set(key: string, value: T): Promise<void>;
  keys(): Promise<readonly string[]>;
  entries(): Promise<readonly (readonly [string, T])[]>;
  deleteMany(keys: readonly string[]): Promise<void>;
  clear(): Promise<void>;
}

/**
 * What is read back is only as well-formed as what this page wrote: `isValue` checks each value, and
 * one that fails counts as absent.
 */
export function openKeyValue<T>(database: string, isValue: (value: unknown) => value is T): KeyValue<T> {
  const store = createStore(database, 'values');
  return {
    get: async (key) => {
      const value: unknown = await get(key, store);
      return isValue(value) ? value : undefined;
    },
    set: (key, value) => set(key, value, store),
    keys: () => keys<string>(store),
    entries: async () => {
      const all = await entries<string, unknown>(store);
      return all.flatMap(([key, value]) => (isValue(value) ? [[key, value] as const] : []));
    },
    deleteMany: (list) => delMany([...list], store),
    clear: () => clear(store),
  };
}
