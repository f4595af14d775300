/** An operator of a running gateway: the calls of its admin API over HTTP, for tests. */
import { vi } from 'vitest';
import {
  type AdminModel,
  type AdminOverview,
  type AdminVersion,
  type ImportHints,
  type ImportReport,
  type ImportStep,
  parseAdminModel,
  parseImportReport,
  parseOverview,
  parseUpload,
} from '../../core/admin.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Milliseconds for one import or load; the machine may be busy. */
const WORK_MS = 180_000;
const LOOK_MS = 100;

export class AdminClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param url of the gateway, without a slash at the end */
  constructor(url: string, token?: string) {
    this.#base = `${url}/v1/admin`;
    this.#headers = {
      'x-twinlens-admin': '1',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
  }

  /** Any answer. Rejects only when none comes. */
  async ask(method: string, path: string, body?: unknown): Promise<AdminAnswer> {
    const response = await fetch(this.#base + path, {
      method,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** The body of an answer that must be a success. */
  async done(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.ask(method, path, body);
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${path} answers ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  async overview(): Promise<AdminOverview> {
    return parseOverview(await this.done('GET', ''));
  }

  async model(name: string): Promise<AdminModel> {
    return parseAdminModel(await this.done('GET', `/models/${name}`));
  }

  /** Any answer to an upload. */
  async send(bytes: Uint8Array, fileName: string): Promise<AdminAnswer> {
    const response = await fetch(`${this.#base}/uploads?${new URLSearchParams({ fileName })}`, {
      method: 'POST',
      headers: { ...this.#headers, 'content-type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Resolves with the id of the upload. */
  async upload(bytes: Uint8Array, fileName: string): Promise<string> {
    const { status, body } = await this.send(bytes, fileName);
    if (status !== 201) throw new Error(`The upload answers ${status}: ${JSON.stringify(body)}`);
    return parseUpload(body).id;
  }

  /** Uploads, imports, and waits for the end of the checks. */
  async importOf(bytes: Uint8Array, fileName: string, hints: ImportHints = {}): Promise<ImportReport> {
    const from = { upload: await this.upload(bytes, fileName) };
    return this.checked(parseImportReport(await this.done('POST', '/imports', { from, hints })));
  }

  /** Waits until an import is not being checked any more. */
  checked({ id }: ImportReport): Promise<ImportReport> {
    return vi.waitUntil(
      async () => {
        const report = parseImportReport(await this.done('GET', `/imports/${id}`));
        return report.state === 'checking' ? undefined : report;
      },
      { timeout: WORK_MS, interval: LOOK_MS },
    );
  }

  /** Waits until a version is there and is in `state`. */
  version(name: string, version: number, state: AdminVersion['state']): Promise<AdminVersion> {
    return vi.waitUntil(
      async () => {
        const known = (await this.overview()).models.find((model) => model.name === name);
        return known?.versions.find((entry) => entry.version === version && entry.state === state);
      },
      { timeout: WORK_MS, interval: LOOK_MS },
    );
  }
}

/** The step at which an import failed. */
export const failedStep = (report: ImportReport): ImportStep | undefined =>
  report.steps.find(({ state }) => state === 'failed');
