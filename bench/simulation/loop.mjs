/** Time that passes only by events: what is due next happens next, at once. Owns the time; knows no policy. */
// @ts-check

/** @typedef {{at: number, number: number, action: () => void, stopped: boolean}} Due */

export class Loop {
  #now = 0;
  #added = 0;
  /** A heap: no item is before its parent, which is at half its place. @type {Due[]} */
  #due = [];

  /** Milliseconds. */
  get now() {
    return this.#now;
  }

  /** @param {number} at @param {() => void} action @returns {() => void} the way to stop it */
  at(at, action) {
    this.#added += 1;
    const due = { at: Math.max(at, this.#now), number: this.#added, action, stopped: false };
    this.#due.push(due);
    for (let place = this.#due.length - 1; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (!this.#swapped(parent, place)) break;
      place = parent;
    }
    return () => {
      due.stopped = true;
    };
  }

  /** @param {number} ms @param {() => void} action */
  after(ms, action) {
    return this.at(this.#now + ms, action);
  }

  /** Does what is due next; false when nothing is due before `end`. @param {number} end */
  step(end) {
    for (;;) {
      const first = this.#due[0];
      if (!first || first.at >= end) return false;
      const last = this.#due.pop();
      if (last && last !== first) {
        this.#due[0] = last;
        for (let place = 0; ; ) {
          const child = this.#earlier(2 * place + 1, 2 * place + 2);
          if (child === undefined || !this.#swapped(place, child)) break;
          place = child;
        }
      }
      if (first.stopped) continue;
      this.#now = first.at;
      first.action();
      return true;
    }
  }

  /** Of two places the one that is due first. @param {number} one @param {number} other */
  #earlier(one, other) {
    if (one >= this.#due.length) return undefined;
    return other < this.#due.length && this.#before(other, one) ? other : one;
  }

  /** @param {number} one @param {number} other */
  #before(one, other) {
    const [a, b] = [this.#due[one], this.#due[other]];
    return a !== undefined && b !== undefined && (a.at - b.at || a.number - b.number) < 0;
  }

  /** Puts the two in order; whether they weren't. @param {number} parent @param {number} child */
  #swapped(parent, child) {
    const [a, b] = [this.#due[parent], this.#due[child]];
    if (!a || !b || !this.#before(child, parent)) return false;
    this.#due[parent] = b;
    this.#due[child] = a;
    return true;
  }
}
