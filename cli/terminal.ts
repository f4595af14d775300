/**
 * Where the command line writes: results to stdout, what is going on to stderr, so that a pipe gets results only.
 * On a terminal progress is one line that changes; elsewhere it is plain lines, few of them.
 */
import { createInterface } from 'node:readline/promises';

export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
}

/** Share by which progress moves before another plain line is written. */
const PLAIN_STEP = 0.25;

export class Terminal {
  readonly #streams: Streams;
  readonly #json: boolean;
  #live = false;
  #toldStep = -1;

  constructor(streams: Streams, json: boolean) {
    this.#streams = streams;
    this.#json = json;
  }

  /** Somebody can be asked. */
  get interactive(): boolean {
    return this.#streams.stdin.isTTY && this.#streams.stderr.isTTY && !this.#json;
  }

  /** The result: `value` for programs, `words` for people. */
  result(value: unknown, words: string): void {
    this.#endLive();
    this.#streams.stdout.write(`${this.#json ? JSON.stringify(value, undefined, 2) : words}\n`);
  }

  /** One line of what is going on. */
  say(line: string): void {
    this.#endLive();
    this.#toldStep = -1;
    this.#streams.stderr.write(`${clean(line)}\n`);
  }

  /** How far something is. @param total 0: not known */
  progress(what: string, done: number, total: number): void {
    const share = total > 0 ? Math.min(1, done / total) : undefined;
    const amount = `${megabytes(done)}${total > 0 ? ` of ${megabytes(total)}` : ''}`;
    if (this.#streams.stderr.isTTY) {
      const percent = share === undefined ? '' : ` ${String(Math.floor(share * 100)).padStart(3)} %`;
      this.#streams.stderr.write(`\r\u001b[K${clean(what)}${percent}  ${amount}`);
      this.#live = true;
      return;
    }
    const step = share === undefined ? 0 : Math.floor(share / PLAIN_STEP);
    if (step === this.#toldStep) return;
    this.#toldStep = step;
    this.#streams.stderr.write(`${clean(what)}: ${amount}\n`);
  }

  async confirm(question: string, signal: AbortSignal): Promise<boolean> {
    this.#endLive();
    const { stdin, stderr } = this.#streams;
    const reader = createInterface({ input: stdin, output: stderr });
    try {
      return /^y(?:es)?$/i.test((await reader.question(`${clean(question)} [y/N] `, { signal })).trim());
    } finally {
      reader.close();
    }
  }

  #endLive(): void {
    if (this.#live) this.#streams.stderr.write('\n');
    this.#live = false;
  }
}

/** Text of others without the characters that move a terminal's cursor or change its colours. */
export function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Rows as columns that stand under each other. */
export function table(rows: readonly (readonly string[])[]): string {
  const plain = rows.map((row) => row.map(clean));
  const widths = plain.reduce<number[]>(
    (all, row) => row.map((cell, column) => Math.max(all[column] ?? 0, cell.length)),
    [],
  );
  return plain
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
