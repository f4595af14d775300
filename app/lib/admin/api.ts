/**
 * The admin API as the page calls it: one method each, its answer parsed, its failure a `TwinlensError`. Owns the
 * headers (the token, and the one that no foreign page can send) and every call's deadline. Keeps nothing.
 */

import { type ResponseMinimal, readProblem } from '../../../client/index.ts';
import {
  type AdminModel,
  type AdminOverview,
  type ImportReport,
  type ImportRequest,
  type JournalEntry,
  parseAdminModel,
  parseImportReport,
  parseJournal,
  parseOverview,
  parseSourceStatus,
  parseUpload,
  type SourceStatus,
  type Upload,
} from '../../../core/admin.ts';
import { TwinlensError } from '../../../core/errors.ts';
import type { Clock } from '../clock.ts';
import type { Change } from './changes.ts';

interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** What carries a file to the gateway with its progress, which `fetch` can't tell. */
export type SendFile = (
  url: string,
  headers: Readonly<Record<string, string>>,
  file: Blob,
  options: { readonly onProgress: (sentBytes: number) => void; readonly signal: AbortSignal },
) => Promise<ResponseMinimal>;

export interface AdminApiOptions {
  /** Origin of the gateway; '' is the page's own. */
  readonly base: string;
  readonly fetch: (url: string, init: FetchInit) => Promise<ResponseMinimal>;
  readonly sendFile: SendFile;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly today: () => number;
  readonly token: () => string | undefined;
}

/** Milliseconds for what the gateway knows without waiting. */
const QUICK_MS = 15_000;
/** Milliseconds for what loads a model, or waits until its last request has ended. */
const LOAD_MS = 600_000;

export class AdminApi {
  readonly #options: AdminApiOptions;

  constructor(options: AdminApiOptions) {
    this.#options = options;
  }

  /** Resolves when `token` (or none) opens the API. Errors: UNAUTHENTICATED, PERMISSION_DENIED, RATE_LIMITED, UNAVAILABLE. */
  async session(token: string | undefined): Promise<void> {
    await this.#call('GET', '/v1/admin/session', { token });
  }

  async overview(): Promise<AdminOverview> {
    return parseOverview(await this.#call('GET', '/v1/admin'));
  }

  async journal(limit: number, before?: number): Promise<readonly JournalEntry[]> {
    const query = new URLSearchParams({
      limit: String(limit),
      ...(before === undefined ? {} : { before: String(before) }),
    });
    return parseJournal(await this.#call('GET', `/v1/admin/journal?${query}`));
  }

  async startImport(request: ImportRequest): Promise<ImportReport> {
    return parseImportReport(
      await this.#call('POST', '/v1/admin/imports', { body: request, deadlineMs: QUICK_MS * 4 }),
    );
  }

  /** Carries `file` there; rejects with CANCELLED when `signal` aborts. */
  async upload(
    file: Blob,
    fileName: string,
    options: { readonly onProgress: (sentBytes: number) => void; readonly signal: AbortSignal },
  ): Promise<Upload> {
    const { base, sendFile } = this.#options;
    let response: ResponseMinimal;
    try {
      const url = `${base}/v1/admin/uploads?${new URLSearchParams({ fileName })}`;
      response = await sendFile(url, this.#headers(this.#options.token(), 'application/octet-stream'), file, options);
    } catch (cause) {
      if (options.signal.aborted) throw new TwinlensError('CANCELLED', 'The upload was cancelled.', { cause });
      throw new TwinlensError('UNAVAILABLE', 'The connection broke while the file was sent. Try again.', { cause });
    }
    return parseUpload(this.#read(response, await response.text()));
  }

  /** Carries `change` out; the model, source or report as it is then, where there still is one. */
  async change(change: Change): Promise<AdminModel | SourceStatus | ImportReport | undefined> {
    switch (change.kind) {
      case 'load':
      case 'unload':
        return this.#model(change.model, 'POST', `/versions/${change.version}/${change.kind}`);
      case 'remove':
        return this.#model(change.model, 'DELETE', `/versions/${change.version}`);
      case 'promote':
        return this.#model(change.model, 'POST', '/promote', { version: change.version });
      case 'rollback':
      case 'follow-newest':
      case 'hold':
        return this.#model(change.model, 'POST', `/${change.kind}`);
      case 'set-label':
        return this.#model(change.model, 'PUT', `/labels/${encodeURIComponent(change.label)}`, {
          version: change.version,
        });
      case 'remove-label':
        return this.#model(change.model, 'DELETE', `/labels/${encodeURIComponent(change.label)}`);
      case 'policy':
        return this.#model(change.model, 'PUT', '/policy', change.policy);
      case 'canary':
        return this.#model(change.model, 'PUT', '/canary', change.settings);
      case 'end-canary':
        return this.#model(change.model, 'DELETE', '/canary');
      case 'check':
        return this.#source(change.source, 'POST', '/check');
      case 'follow':
      case 'unfollow': {
        const path = `/follows/${encodeURIComponent(change.model)}`;
        return this.#source(change.source, change.kind === 'follow' ? 'PUT' : 'DELETE', path);
      }
      case 'publish': {
        const path = `/v1/admin/imports/${encodeURIComponent(change.importId)}/publish`;
        return parseImportReport(await this.#call('POST', path, { deadlineMs: LOAD_MS, body: change.request }));
      }
      case 'discard':
        await this.#call('DELETE', `/v1/admin/imports/${encodeURIComponent(change.importId)}`);
        return undefined;
      default: {
        const never: never = change;
        return never;
      }
    }
  }

  /** The last version of a model takes the model with it: then there is no answer. */
  async #model(name: string, method: string, path: string, body?: unknown): Promise<AdminModel | undefined> {
    const url = `/v1/admin/models/${encodeURIComponent(name)}${path}`;
    const answer = await this.#call(method, url, { deadlineMs: LOAD_MS, body });
    return answer === undefined ? undefined : parseAdminModel(answer);
  }

  async #source(name: string, method: string, path: string): Promise<SourceStatus> {
    const url = `/v1/admin/sources/${encodeURIComponent(name)}${path}`;
    return parseSourceStatus(await this.#call(method, url, { deadlineMs: LOAD_MS }));
  }

  async #call(method: string, path: string, options: CallOptions = {}): Promise<unknown> {
    const { base, clock, fetch } = this.#options;
    const { body, deadlineMs = QUICK_MS } = options;
    const token = 'token' in options ? options.token : this.#options.token();
    const abort = new AbortController();
    const stop = clock.after(deadlineMs, () => abort.abort());
    try {
      const response = await fetch(base + path, {
        method,
        headers: this.#headers(token, body === undefined ? undefined : 'application/json'),
        signal: abort.signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return this.#read(response, await response.text());
    } catch (cause) {
      if (cause instanceof TwinlensError) throw cause;
      throw abort.signal.aborted
        ? new TwinlensError(
            'DEADLINE_EXCEEDED',
            'The gateway did not answer in time. The list shows whether it was done.',
            {
              cause,
            },
          )
        : new TwinlensError('UNAVAILABLE', 'The gateway can’t be reached. Check that it is up.', { cause });
    } finally {
      stop();
    }
  }

  #headers(token: string | undefined, contentType: string | undefined): Record<string, string> {
    return {
      accept: 'application/json',
      // A form or a foreign page can't send it without asking first.
      'x-twinlens-admin': '1',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    };
  }

  /** The body's value, undefined for none. */
  #read(response: ResponseMinimal, text: string): unknown {
    let value: unknown;
    try {
      value = text === '' ? undefined : JSON.parse(text);
    } catch (cause) {
      if (response.ok) {
        throw new TwinlensError('INTERNAL', 'The answer is not JSON; is this address a Twinlens gateway?', { cause });
      }
    }
    if (!response.ok) throw readProblem(response, value, { date: this.#options.today });
    return value;
  }
}

interface CallOptions {
  readonly body?: unknown;
  readonly deadlineMs?: number;
  readonly token?: string | undefined;
}
