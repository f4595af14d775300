/** Who had the last places in batches, and who had clearly more than the others. Pure. */

/** About what is in instances at a time: what a client has there is what the others wait for. */
const KEPT = 16;
/** So many times an equal share is clearly more. */
const CLEARLY_MORE = 2;

export class Shares {
  /** Clients, the last one at the end. */
  readonly #last: string[] = [];

  add(client: string): void {
    if (this.#last.length === KEPT) this.#last.shift();
    this.#last.push(client);
  }

  /** One who is alone is never over. */
  isOver(client: string): boolean {
    const own = this.#last.filter((one) => one === client).length;
    return own * new Set(this.#last).size > CLEARLY_MORE * this.#last.length;
  }
}
