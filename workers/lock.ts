/** A promise queue: one task at a time, in order. ONNX Runtime's WebGPU hangs for good when two calls overlap. */

export class Lock {
  #tail: Promise<unknown> = Promise.resolve();

  /** Runs `task` once all earlier ones have ended, whether well or not. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task);
    // The next task must run although this one failed; its own caller hears of the failure by `result`.
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
