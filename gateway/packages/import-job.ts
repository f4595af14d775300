/**
 * One import: fetches what was handed in, has it checked, and tells how far it is as a report. Owns the job's
 * folder until its package is published. Does not know other jobs, and never rejects: the report says what is wrong.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IMPORT_STEPS, type ImportHints, type ImportReport, type ImportStep } from '../../core/admin.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { diskError, onDisk } from '../disk.ts';
import type { ImportedPackage, Importer } from './import.ts';
import type { Staging } from './staging.ts';
import { type HeldUpload, plainName } from './uploads.ts';

export type ImportOrigin =
  | { readonly kind: 'upload'; readonly upload: HeldUpload }
  | { readonly kind: 'url'; readonly url: URL };

/** Brings the file at `url` to `path`. Rejects with a TwinlensError: too large, no such file, a page instead of a file. */
export type Download = (request: {
  readonly url: string;
  readonly path: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly loadedBytes: number; readonly totalBytes: number }) => void;
}) => Promise<{ readonly bytes: number }>;

export interface ImportJobOptions {
  readonly id: string;
  readonly origin: ImportOrigin;
  readonly hints: ImportHints;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly staging: Staging;
  readonly importer: Importer;
  readonly download: Download;
  readonly maxBytes: number;
  readonly nextVersion: (name: string) => number;
  /** Reserves the version for this job. Throws CONFLICT. */
  readonly claim: (name: string, version: number) => void;
}

/** `publishing` shows as `ready`: it may still fail. */
type State = 'checking' | 'ready' | 'publishing' | 'refused' | 'published';

export class ImportJob {
  readonly #options: ImportJobOptions;
  readonly #abort = new AbortController();
  readonly #steps: ImportStep[] = IMPORT_STEPS.map((step) => ({ step, state: 'waiting', message: '' }));
  #state: State = 'checking';
  #bytes = 0;
  #progress: ImportReport['progress'];
  #known: { readonly name: string; readonly version: number } | undefined;
  #package: ImportedPackage | undefined;
  #folder: string | undefined;
  #running = false;

  constructor(options: ImportJobOptions) {
    this.#options = options;
    if (options.origin.kind === 'upload') this.#bytes = options.origin.upload.bytes;
  }

  get id(): string {
    return this.#options.id;
  }

  get state(): State {
    return this.#state;
  }

  get origin(): ImportOrigin {
    return this.#options.origin;
  }

  get report(): ImportReport {
    const { id, origin, createdAt } = this.#options;
    const manifest = this.#package?.manifest;
    return {
      id,
      state: this.#state === 'publishing' ? 'ready' : this.#state,
      from: origin.kind === 'upload' ? origin.upload.fileName : shown(origin.url),
      bytes: this.#bytes,
      createdAt,
      steps: [...this.#steps],
      ...(this.#known ? { model: this.#known.name, version: this.#known.version } : {}),
      ...(manifest ? { title: manifest.title, licence: manifest.licence } : {}),
      ...(this.#progress ? { progress: this.#progress } : {}),
    };
  }

  /** Resolves when the package is ready or refused. */
  async run(): Promise<void> {
    const { importer, staging, hints, nextVersion, origin } = this.#options;
    const { signal } = this.#abort;
    this.#running = true;
    try {
      signal.throwIfAborted();
      const folder = await staging.create();
      this.#folder = folder;
      const input = await this.#fetch(folder);
      const into = join(folder, 'package');
      await onDisk('The import can not be made', () => mkdir(into));
      const made = await importer(
        { ...input, source: origin.kind === 'upload' ? `upload of ${input.fileName}` : shown(origin.url), hints },
        {
          into,
          nextVersion,
          signal,
          claim: (name, version) => this.#claim(name, version),
          onStep: (step, state, message) => this.#note(step, state, message),
        },
      );
      signal.throwIfAborted();
      this.#claim(made.manifest.name, made.manifest.version);
      this.#package = made;
      this.#state = 'ready';
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : diskError(error, 'The import can not be made');
      this.#refuse(asTwinlensError(reason));
    } finally {
      this.#running = false;
      // Kept a while by its owner: another try may need nothing but better hints.
      if (origin.kind === 'upload') origin.upload.release();
    }
    if (this.#state === 'refused') await this.#clear();
  }

  /** Ends a running import with `reason`; its package is not made. */
  cancel(reason: TwinlensError): void {
    this.#abort.abort(reason);
  }

  /** Ends it wherever it is and deletes what it made; of a running one that happens when it has ended. */
  async discard(): Promise<void> {
    this.cancel(new TwinlensError('CANCELLED', 'The import was cancelled.'));
    if (this.#running) return;
    if (this.#options.origin.kind === 'upload') this.#options.origin.upload.release();
    await this.#clear();
  }

  /** Hands the package out for one attempt to publish it. Throws CONFLICT unless it waits for that. */
  beginPublishing(): ImportedPackage {
    if (this.#state === 'ready' && this.#package) {
      this.#state = 'publishing';
      return this.#package;
    }
    const why = {
      checking: 'is still being checked',
      ready: 'has no package',
      publishing: 'is being published already',
      refused: 'was refused; its report says why',
      published: 'was published already',
    };
    throw new TwinlensError('CONFLICT', `The import ${why[this.#state]}.`);
  }

  /** What became of the attempt. */
  endPublishing(published: boolean): void {
    this.#state = published ? 'published' : 'ready';
  }

  async #fetch(folder: string): Promise<{ readonly path: string; readonly fileName: string }> {
    const { origin, download, maxBytes } = this.#options;
    if (origin.kind === 'upload') {
      const { path, fileName, bytes, sha256 } = origin.upload;
      this.#note('fetch', 'passed', `${fileName}, ${bytes} bytes, sha256 ${sha256}.`);
      return { path, fileName };
    }
    const { url } = origin;
    this.#note('fetch', 'running', `From ${shown(url)}.`);
    const path = join(folder, 'download');
    const { bytes } = await download({
      url: url.href,
      path,
      maxBytes,
      signal: this.#abort.signal,
      onProgress: (progress) => {
        this.#progress = progress;
      },
    });
    this.#bytes = bytes;
    this.#progress = undefined;
    this.#note('fetch', 'passed', `${bytes} bytes from ${shown(url)}.`);
    return { path, fileName: plainName(decoded(url.pathname)) };
  }

  #claim(name: string, version: number): void {
    this.#options.claim(name, version);
    this.#known = { name, version };
  }

  #note(step: ImportStep['step'], state: ImportStep['state'], message: string): void {
    const at = this.#steps.findIndex((entry) => entry.step === step);
    this.#steps[at] = { step, state, message };
  }

  /** The importer tells the failed step by itself; a failure between steps is that of the step that would be next. */
  #refuse(error: TwinlensError): void {
    this.#state = 'refused';
    this.#progress = undefined;
    if (this.#steps.some(({ state }) => state === 'failed')) return;
    const open =
      this.#steps.find(({ state }) => state === 'running') ?? this.#steps.find(({ state }) => state === 'waiting');
    this.#note(open?.step ?? 'warm-up', 'failed', error.message);
  }

  async #clear(): Promise<void> {
    const folder = this.#folder;
    this.#folder = undefined;
    if (folder !== undefined) await this.#options.staging.remove(folder);
  }
}

/** An address without what may be secret in it. */
function shown({ origin, pathname }: URL): string {
  return origin + pathname;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a name that is not encoded right is one all the same
  }
}
