/** The progress of several files as that of one. */
import type { FetchProgress } from './source.ts';

export class Progress {
  readonly #totalBytes: number;
  readonly #tell: (progress: FetchProgress) => void;
  #doneBytes = 0;

  constructor(totalBytes: number, tell: (progress: FetchProgress) => void) {
    this.#totalBytes = totalBytes;
    this.#tell = tell;
  }

  /** Of the file that comes now. */
  readonly file = ({ loadedBytes }: FetchProgress): void => {
    this.#tell({ loadedBytes: this.#doneBytes + loadedBytes, totalBytes: this.#totalBytes });
  };

  /** The file that came is whole. */
  done(bytes: number): void {
    this.#doneBytes += bytes;
    this.#tell({ loadedBytes: this.#doneBytes, totalBytes: this.#totalBytes });
  }
}
