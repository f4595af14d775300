/** A clock that stands still until told to move: for tests. */
import type { Clock } from './clock.ts';

export class ManualClock implements Clock {
  #time = 0;
  #tasks: { readonly at: number; readonly run: () => void }[] = [];

  now(): number {
    return this.#time;
  }

  after(ms: number, run: () => void): () => void {
    const task = { at: this.#time + ms, run };
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task);
    };
  }

  /** Moves on by `ms`, running what falls due in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#time + ms;
    await settle();
    for (;;) {
      const due = this.#tasks.filter((task) => task.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#time = Math.max(this.#time, due.at);
      this.#tasks = this.#tasks.filter((task) => task !== due);
      due.run();
      await settle();
    }
    this.#time = end;
  }

  get pending(): number {
    return this.#tasks.length;
  }
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
