/**
 * The imports that run, wait or are ready: a bounded list of jobs, few of which run at once. Guarantees that no two
 * make the same version, that a package waits for its publication for an hour at most, and that what was published is
 * in the journal. Knows no transport.
 */
import { randomUUID } from 'node:crypto';
import type { ImportReport, ImportRequest, PublishRequest } from '../../core/admin.ts';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import { Claims } from './claims.ts';
import type { Importer } from './import.ts';
import { type Download, ImportJob, type ImportOrigin } from './import-job.ts';
import { type ImportTarget, publishImport } from './publish-import.ts';
import type { Staging } from './staging.ts';
import type { Uploads } from './uploads.ts';

export interface ImportsOptions {
  /** Undefined: the gateway keeps nothing (TWINLENS_DATA is empty). */
  readonly staging: Staging | undefined;
  /** Folder of the published models. */
  readonly root: string;
  readonly uploads: Uploads;
  readonly importer: Importer;
  readonly download: Download;
  readonly target: ImportTarget;
  /** Bytes of one fetched file. */
  readonly maxBytes: number;
  /** Milliseconds since 1970. */
  readonly today: () => number;
  readonly after: (ms: number, run: () => void) => () => void;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Each loads a model beside those that serve. */
const MAX_RUNNING = 1;
const MAX_WAITING = 8;
/** Reports that are kept; a further import takes the place of the oldest that has ended. */
const MAX_KEPT = 32;
/** Milliseconds for which a report, and a package that waits to be published, are kept. */
const KEEP_MS = 3_600_000;
/** Milliseconds that one import may take, its download included. */
const MAX_RUN_MS = 1_800_000;
const BUSY_RETRY_MS = 10_000;

interface Entry {
  readonly job: ImportJob;
  stopExpiry: () => void;
}

export class Imports {
  readonly #options: ImportsOptions;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: Entry[] = [];
  readonly #claims: Claims;
  #running = 0;

  constructor(options: ImportsOptions) {
    this.#options = options;
    this.#claims = new Claims(options.target);
  }

  /** Newest first. */
  list(): readonly ImportReport[] {
    return [...this.#entries.values()].map(({ job }) => job.report).reverse();
  }

  /** Throws NOT_FOUND. */
  get(id: string): ImportReport {
    return this.#find(id).job.report;
  }

  /** Begins an import, or puts it into the queue. Throws CONFLICT, NOT_FOUND, INVALID_ARGUMENT, QUEUE_FULL, UNAVAILABLE. */
  start({ from, hints = {} }: ImportRequest): ImportReport {
    const { staging, importer, download, maxBytes, target, today } = this.#options;
    if (!staging || target.readOnly !== undefined) {
      throw new TwinlensError('UNAVAILABLE', target.readOnly ?? 'Set TWINLENS_DATA to a folder; nothing is kept now.');
    }
    if (this.#waiting.length >= MAX_WAITING) {
      throw new TwinlensError('QUEUE_FULL', `${MAX_WAITING} imports wait already; try again when one has ended.`, {
        retryAfterMs: BUSY_RETRY_MS,
      });
    }
    const id = randomUUID();
    const origin = this.#origin(from);
    // Known before anything is read: the second of two is refused at once.
    if (hints.name !== undefined && hints.version !== undefined) {
      this.#claims.reserve(id, hints.name, hints.version);
    }
    const job = new ImportJob({
      id,
      origin: origin(),
      hints,
      createdAt: today(),
      staging,
      importer,
      download,
      maxBytes,
      nextVersion: (name) => this.#claims.nextVersion(name),
      claim: (name, version) => this.#claims.reserve(id, name, version),
    });
    const entry: Entry = { job, stopExpiry: () => undefined };
    this.#entries.set(job.id, entry);
    this.#waiting.push(entry);
    this.#makeRoom();
    this.#runNext();
    return job.report;
  }

  /** Publishes a package that is ready; resolves when it is offered to serving, as a canary when it is one. */
  async publish(id: string, request: PublishRequest, actor: string): Promise<ImportReport> {
    const { job } = this.#find(id);
    const { target, root, uploads } = this.#options;
    try {
      await publishImport(job, request, actor, { target, root });
    } finally {
      // Published it is also when its canary could not begin.
      if (job.state === 'published') {
        this.#claims.release(id);
        await this.#tidy(() => job.discard());
        if (job.origin.kind === 'upload') await uploads.discard(job.origin.upload.id);
      }
    }
    return job.report;
  }

  /** Cancels or forgets an import and deletes what it made. Throws NOT_FOUND, CONFLICT while it is being published. */
  async discard(id: string): Promise<void> {
    const entry = this.#find(id);
    if (entry.job.state === 'publishing') {
      throw new TwinlensError('CONFLICT', 'The import is being published; remove the version afterwards.');
    }
    await this.#drop(entry);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => this.#drop(entry)));
  }

  #find(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry) return entry;
    throw new TwinlensError('NOT_FOUND', 'That import is not here (any more); start it again.');
  }

  /** The upload is held only when nothing else can be wrong any more. */
  #origin(from: ImportRequest['from']): () => ImportOrigin {
    if ('upload' in from) {
      const { upload } = from;
      this.#options.uploads.check(upload);
      return () => ({ kind: 'upload', upload: this.#options.uploads.hold(upload) });
    }
    const url = new URL(from.url);
    if (url.protocol === 'https:' || url.protocol === 'http:') return () => ({ kind: 'url', url });
    throw new TwinlensError('INVALID_ARGUMENT', 'Models are fetched from http and https addresses only.');
  }

  #runNext(): void {
    if (this.#running >= MAX_RUNNING) return;
    const entry = this.#waiting.shift();
    if (!entry) return;
    this.#running += 1;
    void this.#run(entry);
  }

  async #run(entry: Entry): Promise<void> {
    const { job } = entry;
    const stop = this.#options.after(MAX_RUN_MS, () =>
      job.cancel(new TwinlensError('DEADLINE_EXCEEDED', `The import took longer than ${MAX_RUN_MS / 60_000} minutes.`)),
    );
    await this.#tidy(() => job.run());
    stop();
    this.#running -= 1;
    const { report } = job;
    if (report.state === 'refused') this.#claims.release(job.id);
    const reason = report.steps.find(({ state }) => state === 'failed');
    this.#options.log.info(
      {
        event_type: 'import',
        import: report.id,
        from: report.from,
        state: report.state,
        model: report.model,
        model_version: report.version,
        ...(reason ? { step: reason.step, reason: reason.message } : {}),
      },
      report.state === 'ready' ? 'an import is ready to be published' : 'an import was refused',
    );
    if (this.#entries.has(report.id)) {
      entry.stopExpiry = this.#options.after(KEEP_MS, () => void this.#expire(entry));
    }
    this.#runNext();
  }

  async #expire(entry: Entry): Promise<void> {
    if (entry.job.state === 'publishing') {
      entry.stopExpiry = this.#options.after(KEEP_MS, () => void this.#expire(entry));
      return;
    }
    await this.#drop(entry);
  }

  async #drop(entry: Entry): Promise<void> {
    entry.stopExpiry();
    this.#entries.delete(entry.job.id);
    this.#claims.release(entry.job.id);
    const at = this.#waiting.indexOf(entry);
    if (at >= 0) this.#waiting.splice(at, 1);
    await this.#tidy(() => entry.job.discard());
  }

  #makeRoom(): void {
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= MAX_KEPT) return;
      if (entry.job.state === 'refused' || entry.job.state === 'published') void this.#drop(entry);
    }
    // All others wait to be published, and fill the disk.
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= MAX_KEPT) return;
      if (entry.job.state === 'ready') void this.#drop(entry);
    }
  }

  /** What can't be deleted now is deleted at the next start; the rest of an import does not depend on it. */
  async #tidy(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.log.warn({ event_type: 'import_left', err: asTwinlensError(error) }, 'an import left files behind');
    }
  }
}
