/**
 * Takes the log's lines to an output that may be slow, stand still or be gone. Guarantees that a line never blocks and
 * never throws, and that no more than a bound waits: beyond it lines are lost and counted, and the output is told how
 * many once it takes lines again. Lines that come soon after one another are written together.
 *
 * Why not pino's own destination: its writes run on the thread pool, and a thread that hangs in a write to a full pipe
 * keeps the process from ending.
 */

/** The slice of a writable stream that is used; `process.stdout` is one. */
export interface Output {
  readonly writableLength: number;
  write(text: string, done: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface LogSinkOptions {
  readonly output: Output;
  /** Bytes that may wait for the output. */
  readonly maxWaitingBytes: number;
  /** Runs `flush` soon. */
  readonly later: (flush: () => void) => void;
  /** The line that tells of lost ones. */
  readonly lostLine: (lost: number) => string;
}

export class LogSink {
  readonly #options: LogSinkOptions;
  #lines: string[] = [];
  #bytes = 0;
  #writing = 0;
  #lost = 0;
  #untold = 0;
  #broken = false;
  #waiting: (() => void)[] = [];

  constructor(options: LogSinkOptions) {
    this.#options = options;
    // Whoever read the log has gone. What the gateway does is more than what it says of it.
    options.output.on('error', () => {
      this.#broken = true;
      this.#wake();
    });
  }

  /** Lines that were lost since the start. */
  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    const { output, maxWaitingBytes, later, lostLine } = this.#options;
    const bytes = Buffer.byteLength(line);
    if (this.#broken || output.writableLength + this.#bytes + bytes > maxWaitingBytes) {
      this.#lost += 1;
      this.#untold += 1;
      return;
    }
    if (this.#lines.length === 0) later(() => this.flush());
    if (this.#untold > 0) this.#lines.push(lostLine(this.#untold));
    this.#untold = 0;
    this.#lines.push(line);
    this.#bytes += bytes;
  }

  /** Hands over at once what waits here. */
  flush(): void {
    const { output } = this.#options;
    if (this.#broken || this.#lines.length === 0) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#bytes = 0;
    this.#writing += 1;
    output.write(text, () => {
      this.#writing -= 1;
      this.#wake();
    });
  }

  /** Resolves when the output has taken everything, or is gone. The caller limits the wait. */
  drained(): Promise<void> {
    this.flush();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#wake();
    });
  }

  #wake(): void {
    if (this.#writing > 0 && !this.#broken) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
