/**
 * Where the command line writes: results to stdout, what is going on to stderr, so that a pipe gets results only.
 * On a terminal what is going on is one line that changes, never wider than it; elsewhere progress is plain lines, few of
 * them. Uses no colours.
 */
import { createInterface } from 'node:readline/promises';
import { TwinlensError } from '../core/errors.ts';

export interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
}

export interface TerminalOptions {
  /** Results are JSON. */
  readonly json: boolean;
  /** The terminal can't go back in a line (TERM=dumb). */
  readonly dumb: boolean;
}

/** Share by which progress moves before another plain line is written. */
const PLAIN_STEP = 0.25;
/** Of a terminal that does not say how wide it is. */
const COLUMNS = 80;
/** Goes to the start of the line and empties it. */
const WIPE = '\r\u001b[K';

export class Terminal {
  readonly #streams: Streams;
  readonly #options: TerminalOptions;
  #live = false;
  #toldStep = -1;

  constructor(streams: Streams, options: TerminalOptions) {
    this.#streams = streams;
    this.#options = options;
  }

  /** Somebody can be asked. */
  get interactive(): boolean {
    const { stdin, stderr } = this.#streams;
    return stdin.isTTY === true && stderr.isTTY === true && !this.#options.json;
  }

  /** The result: `value` for programs, `words` for people. */
  result(value: unknown, words: string): void {
    this.#endLive();
    this.#streams.stdout.write(`${this.#options.json ? JSON.stringify(value, undefined, 2) : words}\n`);
  }

  /** One line of what is going on. */
  say(line: string): void {
    this.#endLive();
    this.#toldStep = -1;
    this.#streams.stderr.write(`${clean(line)}\n`);
  }

  /** What is going on just now, until the next line takes its place; nothing where none can. @param end of it, never cut off */
  now(what: string, end = ''): void {
    const { stderr } = this.#streams;
    if (!this.#replaces) return;
    const room = Math.max(1, (stderr.columns || COLUMNS) - 1 - end.length);
    const text = clean(what);
    stderr.write(`${WIPE}${text.length > room ? `${text.slice(0, room - 1)}…` : text}${end}`);
    this.#live = true;
  }

  /** How far something is. @param total 0: not known */
  progress(what: string, done: number, total: number): void {
    const share = total > 0 ? Math.min(1, done / total) : undefined;
    const amount = `${megabytes(done)}${total > 0 ? ` of ${megabytes(total)}` : ''}`;
    if (this.#replaces) {
      const percent = share === undefined ? '' : ` ${String(Math.floor(share * 100)).padStart(3)} %`;
      this.now(what, `${percent}  ${amount}`);
      return;
    }
    const step = share === undefined ? 0 : Math.floor(share / PLAIN_STEP);
    if (step === this.#toldStep) return;
    this.#toldStep = step;
    this.#streams.stderr.write(`${clean(what)}: ${amount}\n`);
  }

  /** No answer (Ctrl+D) is a no. Rejects with CANCELLED at Ctrl+C, which reaches no signal handler while it asks. */
  async confirm(question: string, signal: AbortSignal): Promise<boolean> {
    this.#endLive();
    const { stdin, stderr } = this.#streams;
    const reader = createInterface({ input: stdin, output: stderr });
    const interrupt = new AbortController();
    const stop = AbortSignal.any([signal, interrupt.signal]);
    reader.once('SIGINT', () => interrupt.abort());
    const ended = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
    try {
      const asked = reader.question(`${clean(question)} [y/N] `, { signal: stop });
      return /^y(?:es)?$/i.test((await Promise.race([asked, ended])).trim());
    } catch (cause) {
      if (stop.aborted) throw new TwinlensError('CANCELLED', 'Interrupted.', { cause });
      stderr.write('\n'); // At Ctrl+D nobody else ends the line.
      return false;
    } finally {
      reader.close();
    }
  }

  get #replaces(): boolean {
    return this.#streams.stderr.isTTY === true && !this.#options.dumb;
  }

  #endLive(): void {
    if (this.#live) this.#streams.stderr.write(WIPE);
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
