/**
 * Things with a deadline that may move back while they are here, and which of them are late. Guarantees that asking
 * costs no more when many are here. Owns no clock.
 */
import { Sorted } from './sorted.ts';

interface Noted<T> {
  readonly item: T;
  /** The deadline as it was read last: the item's own may be later by now, never earlier. */
  at: number;
  /** Of two with one deadline the one that came first is first. */
  readonly number: number;
}

export class Deadlines<T extends { readonly deadline: number }> {
  readonly #noted = new Map<T, Noted<T>>();
  readonly #soonest = new Sorted<Noted<T>>((one, other) => one.at - other.at || one.number - other.number);
  #added = 0;

  add(item: T): void {
    this.#added += 1;
    const noted = { item, at: item.deadline, number: this.#added };
    this.#noted.set(item, noted);
    this.#soonest.add(noted);
  }

  /** Does nothing where it isn't here. */
  delete(item: T): void {
    const noted = this.#noted.get(item);
    if (!noted) return;
    this.#noted.delete(item);
    this.#soonest.remove(noted);
  }

  /** The soonest deadline; infinite where nothing is here. */
  get next(): number {
    for (let { first } = this.#soonest; first; first = this.#soonest.first) {
      const { deadline } = first.item;
      if (deadline <= first.at) return first.at;
      this.#soonest.remove(first);
      first.at = deadline;
      this.#soonest.add(first);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Takes out what is late at `now`, soonest deadline first. */
  takeLate(now: number): readonly T[] {
    const late: T[] = [];
    while (this.next <= now) {
      const { first } = this.#soonest;
      if (!first) break;
      this.delete(first.item);
      late.push(first.item);
    }
    return late;
  }

  clear(): void {
    this.#noted.clear();
    this.#soonest.clear();
  }
}
