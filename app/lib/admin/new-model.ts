/**
 * The way of a new model to its report: choose, say what the file doesn't, send with progress, hand in. Guarantees:
 * one at a time; what was cancelled or failed can be sent again without choosing it anew; nothing is
 * published here.
 */
import type { ImportHints, ImportReport, ImportRequest, Upload } from '../../../core/admin.ts';
import { asTwinlensError, type ErrorBody, TwinlensError, toErrorBody } from '../../../core/errors.ts';
import { type ReadableStore, Store } from '../store.ts';
import { bytes } from '../words.ts';
import { type TarEntry, tarOf } from './tar.ts';

/** What was chosen. */
export type Chosen =
  | { readonly kind: 'file'; readonly name: string; readonly file: Blob }
  | { readonly kind: 'url'; readonly name: string; readonly url: string };

export type NewModelState =
  | { readonly state: 'empty'; readonly problem: ErrorBody | undefined }
  /** A bare graph: hints are needed before it can be handed in. */
  | { readonly state: 'hints'; readonly chosen: Chosen }
  | { readonly state: 'sending'; readonly chosen: Chosen; readonly sentBytes: number; readonly totalBytes: number }
  /** The gateway has it and begins to check. */
  | { readonly state: 'handing-in'; readonly chosen: Chosen }
  | { readonly state: 'failed'; readonly chosen: Chosen; readonly error: ErrorBody };

export interface NewModelOptions {
  readonly upload: (
    file: Blob,
    fileName: string,
    options: { readonly onProgress: (sentBytes: number) => void; readonly signal: AbortSignal },
  ) => Promise<Upload>;
  readonly startImport: (request: ImportRequest) => Promise<ImportReport>;
  readonly onReport: (report: ImportReport) => void;
  readonly maxUploadBytes: () => number | undefined;
}

const ARCHIVE = /\.(?:zip|tar|tar\.gz|tgz|onnx)$/i;
const BARE = /\.onnx$/i;

export class NewModel {
  readonly #options: NewModelOptions;
  readonly #view = new Store<NewModelState>({ state: 'empty', problem: undefined });
  #hints: ImportHints | undefined;
  #upload: Upload | undefined;
  #abort: AbortController | undefined;

  constructor(options: NewModelOptions) {
    this.#options = options;
  }

  get view(): ReadableStore<NewModelState> {
    return this.#view;
  }

  get isUnderWay(): boolean {
    const { state } = this.#view.get();
    return state === 'sending' || state === 'handing-in';
  }

  chooseFile(name: string, file: Blob): void {
    if (this.isUnderWay) return;
    if (!ARCHIVE.test(name)) {
      this.#refuse(`${name} is no model: give a .zip, .tar, .tar.gz or .onnx file, or a folder.`);
      return;
    }
    const max = this.#options.maxUploadBytes();
    if (max !== undefined && file.size > max) {
      this.#refuse(`${name} has ${bytes(file.size)}; this gateway takes ${bytes(max)}.`, 'PAYLOAD_TOO_LARGE');
      return;
    }
    if (file.size === 0) this.#refuse(`${name} is empty.`);
    else this.#choose({ kind: 'file', name, file });
  }

  /** @param entries files of one folder, their paths below it */
  chooseFolder(name: string, entries: readonly TarEntry[]): void {
    if (this.isUnderWay) return;
    try {
      if (entries.length === 0) throw new TwinlensError('INVALID_ARGUMENT', `The folder ${name} is empty.`);
      this.chooseFile(`${name}.tar`, tarOf(entries));
    } catch (failure) {
      this.#view.set({ state: 'empty', problem: toErrorBody(asTwinlensError(failure)) });
    }
  }

  chooseUrl(text: string): void {
    if (this.isUnderWay) return;
    const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
    if (!url || !/^https?:$/.test(url.protocol)) {
      this.#refuse('That is no address: it begins with https:// or http://.');
      return;
    }
    this.#choose({ kind: 'url', name: url.pathname.split('/').pop() || url.host, url: url.href });
  }

  /** Sends what was chosen with these hints. */
  handIn(hints: ImportHints): void {
    const now = this.#view.get();
    if (now.state !== 'hints') return;
    this.#hints = hints;
    void this.#send(now.chosen);
  }

  /** Sends again what failed; a file that had arrived is not sent twice. */
  retry(): void {
    const now = this.#view.get();
    if (now.state === 'failed') void this.#send(now.chosen);
  }

  /** Stops the sending, or forgets what was chosen. */
  cancel(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.#forget();
  }

  #choose(chosen: Chosen): void {
    this.#hints = undefined;
    this.#upload = undefined;
    if (BARE.test(chosen.name)) this.#view.set({ state: 'hints', chosen });
    else void this.#send(chosen);
  }

  async #send(chosen: Chosen): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const from =
        chosen.kind === 'url' ? { url: chosen.url } : { upload: (await this.#carry(chosen, abort.signal)).id };
      if (abort.signal.aborted) return;
      this.#view.set({ state: 'handing-in', chosen });
      const report = await this.#options.startImport({ from, ...(this.#hints ? { hints: this.#hints } : {}) });
      this.#options.onReport(report);
      if (!abort.signal.aborted) this.#forget();
    } catch (failure) {
      if (abort.signal.aborted) return;
      const error = toErrorBody(asTwinlensError(failure));
      // The gateway forgets an upload that it has turned down or no longer knows.
      if (error.code !== 'UNAVAILABLE' && error.code !== 'DEADLINE_EXCEEDED') this.#upload = undefined;
      this.#view.set({ state: 'failed', chosen, error });
    } finally {
      if (this.#abort === abort) this.#abort = undefined;
    }
  }

  async #carry(chosen: Extract<Chosen, { kind: 'file' }>, signal: AbortSignal): Promise<Upload> {
    if (this.#upload) return this.#upload;
    const totalBytes = chosen.file.size;
    const show = (sentBytes: number) => {
      if (!signal.aborted) this.#view.set({ state: 'sending', chosen, sentBytes, totalBytes });
    };
    show(0);
    const upload = await this.#options.upload(chosen.file, chosen.name, { onProgress: show, signal });
    if (!signal.aborted) this.#upload = upload;
    return upload;
  }

  #refuse(message: string, code: 'INVALID_ARGUMENT' | 'PAYLOAD_TOO_LARGE' = 'INVALID_ARGUMENT'): void {
    this.#view.set({ state: 'empty', problem: toErrorBody(new TwinlensError(code, message)) });
  }

  #forget(): void {
    this.#hints = undefined;
    this.#upload = undefined;
    this.#view.set({ state: 'empty', problem: undefined });
  }
}

/** A model's name as it may be called, out of a file's: "MobileNet V2.onnx" becomes "mobilenet-v2". */
export function nameFrom(fileName: string): string {
  return fileName
    .replace(/\.(?:zip|tar|tar\.gz|tgz|onnx)$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 63);
}
