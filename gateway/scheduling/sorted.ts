/**
 * A list that is always in order, so that nobody has to look through it: the first and the last are at hand, any other
 * is found by halving. Knows nothing of what it holds. Two items may not be of equal order, and the order of one may
 * not change while it is in the list: take it out before, and put it back.
 */
export class Sorted<T> {
  readonly #items: T[] = [];
  readonly #compare: (one: T, other: T) => number;

  /** @param compare negative where `one` comes before `other` */
  constructor(compare: (one: T, other: T) => number) {
    this.#compare = compare;
  }

  get length(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  get last(): T | undefined {
    return this.#items.at(-1);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items.values();
  }

  /** The first that `wanted` is true of; looks through the list. */
  find(wanted: (item: T) => boolean): T | undefined {
    return this.#items.find(wanted);
  }

  add(item: T): void {
    // Most come last.
    if (this.last === undefined || this.#compare(this.last, item) < 0) this.#items.push(item);
    else this.#items.splice(this.#placeOf(item), 0, item);
  }

  /** Does nothing where it isn't in the list. */
  remove(item: T): void {
    const at = this.#placeOf(item);
    if (this.#items[at] !== item) return;
    // Most leave first, and `shift` moves nothing.
    if (at === 0) this.#items.shift();
    else this.#items.splice(at, 1);
  }

  clear(): void {
    this.#items.length = 0;
  }

  /** Of the first that does not come before `item`. */
  #placeOf(item: T): number {
    let from = 0;
    let to = this.#items.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const other = this.#items[middle];
      if (other !== undefined && this.#compare(other, item) < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
