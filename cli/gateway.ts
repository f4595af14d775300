/**
 * The admin API of a running gateway, one method a call. Owns the headers and every call's deadline; each failure is a
 * TwinlensError. Keeps nothing between calls.
 */
import { readProblem } from '../client/index.ts';
import {
  type AdminModel,
  type AdminOverview,
  type ImportReport,
  type ImportRequest,
  type PublishRequest,
  parseAdminModel,
  parseImportReport,
  parseOverview,
  parseSourceStatus,
  parseUpload,
  type SourceStatus,
  type Upload,
} from '../core/admin.ts';
import { TwinlensError } from '../core/errors.ts';
import { type Outgoing, sendStream } from './send.ts';

export interface GatewayOptions {
  readonly url: string;
  readonly token: string | undefined;
  /** Ctrl+C. */
  readonly signal: AbortSignal;
}

/** Milliseconds for what the gateway knows without waiting. */
const QUICK_MS = 15_000;
/** Milliseconds for what loads a model or waits for its last request. */
const SLOW_MS = 660_000;

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export class Gateway {
  readonly #base: string;
  readonly #options: GatewayOptions;

  /** Throws INVALID_ARGUMENT for what is no address. */
  constructor(options: GatewayOptions) {
    this.#base = baseOf(options.url);
    this.#options = options;
  }

  async overview(): Promise<AdminOverview> {
    return parseOverview(await this.#call('GET', ''));
  }

  async upload(outgoing: Outgoing): Promise<Upload> {
    const query = new URLSearchParams({ fileName: outgoing.fileName });
    const { signal } = this.#options;
    const answer = await sendStream(`${this.#base}/v1/admin/uploads?${query}`, this.#headers(), outgoing, signal);
    return parseUpload(read(answer.status, answer.headers, answer.text));
  }

  async startImport(request: ImportRequest): Promise<ImportReport> {
    return parseImportReport(await this.#call('POST', '/imports', request));
  }

  async report(id: string): Promise<ImportReport> {
    return parseImportReport(await this.#call('GET', `/imports/${encodeURIComponent(id)}`));
  }

  async publish(id: string, request: PublishRequest): Promise<ImportReport> {
    return parseImportReport(await this.#call('POST', `/imports/${encodeURIComponent(id)}/publish`, request, SLOW_MS));
  }

  /** Also after Ctrl+C: it is then that it matters. */
  async discard(id: string): Promise<void> {
    const path = `/imports/${encodeURIComponent(id)}`;
    await this.#call('DELETE', path, undefined, QUICK_MS, new AbortController().signal);
  }

  async check(source: string): Promise<SourceStatus> {
    return parseSourceStatus(
      await this.#call('POST', `/sources/${encodeURIComponent(source)}/check`, undefined, SLOW_MS),
    );
  }

  async follow(source: string, model: string): Promise<void> {
    await this.#call('PUT', `/sources/${encodeURIComponent(source)}/follows/${encodeURIComponent(model)}`);
  }

  /** A change of a model; the model after it, or undefined when it is gone. @param path below the model */
  async change(method: Method, model: string, path: string, body?: unknown): Promise<AdminModel | undefined> {
    const answer = await this.#call(method, `/models/${encodeURIComponent(model)}/${path}`, body, SLOW_MS);
    return answer === undefined ? undefined : parseAdminModel(answer);
  }

  async #call(
    method: Method,
    path: string,
    body?: unknown,
    deadlineMs = QUICK_MS,
    signal = this.#options.signal,
  ): Promise<unknown> {
    const deadline = AbortSignal.timeout(deadlineMs);
    try {
      const response = await fetch(`${this.#base}/v1/admin${path}`, {
        method,
        headers: { ...this.#headers(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.any([deadline, signal]),
        // A token is for the address that was named only.
        redirect: 'error',
      });
      return read(response.status, response.headers, await response.text());
    } catch (cause) {
      if (cause instanceof TwinlensError) throw cause;
      if (signal.aborted) throw new TwinlensError('CANCELLED', 'Interrupted.', { cause });
      if (deadline.aborted) {
        throw new TwinlensError('DEADLINE_EXCEEDED', 'The gateway did not answer in time; see "models list".', {
          cause,
        });
      }
      throw unreachable(this.#base, cause);
    }
  }

  #headers(): Record<string, string> {
    const { token } = this.#options;
    return {
      accept: 'application/json',
      'x-twinlens-admin': '1',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
  }
}

function baseOf(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) {
    const { origin, pathname } = new URL(url);
    return origin + pathname.replace(/\/+$/, '');
  }
  throw new TwinlensError(
    'INVALID_ARGUMENT',
    `"${url}" is no address of a gateway; write one such as http://127.0.0.1:8080.`,
  );
}

function unreachable(base: string, cause: unknown): TwinlensError {
  return new TwinlensError(
    'UNAVAILABLE',
    `No gateway answers at ${base}. Start it with: npm start (or name another one with TWINLENS_URL or --url).`,
    { cause: new NoGateway(cause) },
  );
}

/** Marks failures of the connection: they have an exit code of their own. */
export class NoGateway extends Error {
  constructor(cause: unknown) {
    super('no gateway answers', { cause });
  }
}

/** The value of an answer, undefined for none; throws what a problem document says. */
function read(status: number, headers: { get(name: string): string | null }, text: string): unknown {
  let value: unknown;
  try {
    value = text === '' ? undefined : JSON.parse(text);
  } catch (cause) {
    if (status < 300) {
      throw new TwinlensError('INTERNAL', 'The answer is not JSON; is this address a Twinlens gateway?', { cause });
    }
  }
  if (status >= 200 && status < 300) return value;
  throw readProblem({ status, headers }, value, { date: Date.now });
}
