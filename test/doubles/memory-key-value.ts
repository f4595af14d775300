/** A `KeyValue` in memory, full or broken when the test says so. */
import type { KeyValue } from '../../app/lib/key-value.ts';

export class MemoryKeyValue<T> implements KeyValue<T> {
  readonly values = new Map<string, T>();
  /** When set, every call rejects with it. */
  broken: Error | undefined;

  async get(key: string): Promise<T | undefined> {
    this.#check();
    return this.values.get(key);
  }
  async set(key: string, value: T): Promise<void> {
    this.#check();
    this.values.set(key, value);
  }
  async keys(): Promise<readonly string[]> {
    this.#check();
    return [...this.values.keys()];
  }
  async entries(): Promise<readonly (readonly [string, T])[]> {
    this.#check();
    return [...this.values];
  }
  async deleteMany(keys: readonly string[]): Promise<void> {
    this.#check();
    for (const key of keys) this.values.delete(key);
  }
  async clear(): Promise<void> {
    this.#check();
    this.values.clear();
  }
  #check(): void {
    if (this.broken) throw this.broken;
  }
}
