/**
 * Small files that may change while the gateway runs: tokens, certificates. Looks at what they hold every few seconds,
 * because platforms swap such files by symbolic links, of which no file event tells reliably. Guarantees that what was
 * taken last stays in force until other contents were accepted, and that no content is logged.
 */
import { readFileSync, type Stats, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { Log } from '../telemetry/index.ts';

export interface FileWatchOptions {
  /** For the log, such as `admin token`. */
  readonly what: string;
  readonly paths: readonly string[];
  /** Takes the contents, in the order of `paths`. Throws when they are no use; then it is as if it was not called. */
  readonly take: (contents: readonly Buffer[]) => void;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  readonly after: (ms: number, run: () => void) => () => void;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

const MAX_BYTES = 1024 * 1024;

export class FileWatch {
  readonly #options: FileWatchOptions;
  /** What was looked at last, accepted or not. */
  #seen: readonly Buffer[];
  /** What was said last of files that are no use, so that it is said once. */
  #trouble: string | undefined;
  #stop = (): void => undefined;
  #closed = false;

  /** Takes what the files hold now. Throws what reading or taking them throws. */
  constructor(options: FileWatchOptions) {
    this.#options = options;
    this.#seen = options.paths.map((path) => {
      checkSize(statSync(path), path);
      return readFileSync(path);
    });
    options.take(this.#seen);
    this.#wait();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }

  #wait(): void {
    if (this.#closed) return;
    this.#stop = this.#options.after(this.#options.everyMs, () => {
      void this.#look().then(() => this.#wait());
    });
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { what, paths, take, log } = this.#options;
    try {
      const contents = await Promise.all(paths.map(readSmall));
      if (this.#closed) return;
      this.#trouble = undefined;
      if (contents.every((content, index) => this.#seen[index]?.equals(content))) return;
      this.#seen = contents;
      take(contents);
      log.info({ event_type: 'secret_changed', what, paths }, `the ${what} was read again`);
    } catch (error) {
      const { message } = asTwinlensError(error);
      if (message === this.#trouble) return;
      this.#trouble = message;
      log.warn({ event_type: 'secret_unusable', what, paths }, `the ${what} stays as it is: ${message}`);
    }
  }
}

async function readSmall(path: string): Promise<Buffer> {
  checkSize(await stat(path), path);
  return readFile(path);
}

/** A pipe would not end, and a large file is none of ours. */
function checkSize(stats: Stats, path: string): void {
  if (stats.isFile() && stats.size <= MAX_BYTES) return;
  throw new TwinlensError('INVALID_ARGUMENT', `${path} is no file of at most ${MAX_BYTES} bytes.`);
}
