/**
 * Bounds the pixels that one process holds decoded at once: a file of some 100 kB may hold 64 million.
 * First come, first served; one picture always has its turn, however large. Knows no format.
 */
export class PixelBudget {
  /** Pixels. */
  readonly #limit: number;
  #used = 0;
  readonly #waiting: { readonly pixels: number; readonly start: () => void }[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs `work` once `pixels` more fit; they are free again when it has ended, well or not. */
  async spend<T>(pixels: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#fits(pixels)) {
      await new Promise<void>((start) => this.#waiting.push({ pixels, start }));
    } else {
      this.#used += pixels;
    }
    try {
      return await work();
    } finally {
      this.#used -= pixels;
      this.#startNext();
    }
  }

  #fits(pixels: number): boolean {
    return this.#used === 0 || this.#used + pixels <= this.#limit;
  }

  /** Takes the pixels of those that it starts: nobody may slip in before they go on. */
  #startNext(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.pixels); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#used += next.pixels;
      next.start();
    }
  }
}
