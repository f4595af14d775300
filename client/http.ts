/**
 * The HTTP half of the gateway's API. Owns the reading of problem documents and of `Retry-After`.
 * Keeps no state between calls.
 */
import type { Classification, ClassifyOptions, EncodedImage } from '../core/engine.ts';
import { asTwinlensError, codeOfStatus, isErrorCode, TwinlensError } from '../core/errors.ts';
import {
  type ModelDetail,
  type ModelSummary,
  parseClassification,
  parseModelDetail,
  parseModels,
} from '../core/protocol.ts';
import type { ClientClassifyOptions } from './message.ts';
import type { Platform, ResponseMinimal } from './platform.ts';
import { type TokenSource, tokenOf } from './token.ts';

/** The protocol's largest deadline, milliseconds. */
export const MAX_DEADLINE_MS = 600_000;

export interface HttpOptions {
  readonly platform: Platform;
  readonly base: string;
  /** Asked before each request. */
  readonly token: TokenSource | undefined;
  /** Milliseconds for requests that name no deadline. */
  readonly requestTimeoutMs: number;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly deadlineMs?: number;
  readonly signal?: ClassifyOptions['signal'];
}

export class HttpApi {
  readonly #options: HttpOptions;

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /** Asks again once, when the gateway says when to and the deadline leaves time for it. */
  async classify(image: EncodedImage, options: ClientClassifyOptions = {}): Promise<Classification> {
    const query = new URLSearchParams();
    if (options.model !== undefined) query.set('model', options.model);
    if (options.top !== undefined) query.set('top', String(options.top));
    if (options.priority !== undefined) query.set('priority', options.priority);
    if (options.key !== undefined) query.set('key', options.key);
    const deadlineMs = options.deadlineMs ?? this.#options.requestTimeoutMs;
    // What is not a deadline is told by #call, in words of the option and not of the query.
    if (deadlineMs > 0) query.set('deadlineMs', String(Math.ceil(deadlineMs)));
    const call: Call = {
      method: 'POST',
      path: `/v1/classify?${query}`,
      headers: { 'content-type': `image/${image.encoding}` },
      // A body over shared memory is refused by fetch; a plain one is passed on as it is.
      body:
        image.data.buffer instanceof ArrayBuffer ? unshared(image.data, image.data.buffer) : new Uint8Array(image.data),
      deadlineMs,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    return parseClassification(await this.#call(call, 1));
  }

  async models(): Promise<readonly ModelSummary[]> {
    return parseModels(await this.#call({ method: 'GET', path: '/v1/models' }, 1));
  }

  async model(name: string, signal?: ClassifyOptions['signal']): Promise<ModelDetail> {
    const path = `/v1/models/${encodeURIComponent(name)}`;
    return parseModelDetail(await this.#call({ method: 'GET', path, ...(signal ? { signal } : {}) }, 1));
  }

  /** One deadline over all tries. */
  async #call(call: Call, retries: number): Promise<unknown> {
    const { platform, requestTimeoutMs } = this.#options;
    const deadlineMs = call.deadlineMs ?? requestTimeoutMs;
    if (!(deadlineMs <= MAX_DEADLINE_MS)) {
      throw new TwinlensError(
        'INVALID_ARGUMENT',
        `deadlineMs is a number up to ${MAX_DEADLINE_MS}, not ${deadlineMs}.`,
      );
    }
    if (deadlineMs <= 0) throw new TwinlensError('DEADLINE_EXCEEDED', 'The deadline had passed before the request.');
    const endsAt = platform.clock.now() + deadlineMs;
    const abort = new AbortController();
    let reason: TwinlensError | undefined;
    const end = (error: TwinlensError) => {
      reason ??= error;
      abort.abort();
    };
    const cancel = () => end(new TwinlensError('CANCELLED', 'The request was cancelled by its caller.'));
    const stop = platform.clock.after(deadlineMs, () =>
      end(
        new TwinlensError('DEADLINE_EXCEEDED', `No answer came within ${deadlineMs} ms; allow more time or try later.`),
      ),
    );
    if (call.signal?.aborted) cancel();
    call.signal?.addEventListener('abort', cancel, { once: true });
    try {
      for (let left = retries; ; left -= 1) {
        const answer = await this.#try(call, abort.signal);
        if (reason) throw reason;
        if (!(answer instanceof TwinlensError)) return answer.body;
        const waitMs = answer.retryable ? answer.retryAfterMs : undefined;
        if (left <= 0 || waitMs === undefined || platform.clock.now() + waitMs >= endsAt) throw answer;
        await this.#pause(waitMs, abort.signal);
        if (reason) throw reason;
      }
    } catch (error) {
      // fetch rejects with an AbortError of its own; the reason is ours.
      throw reason ?? asTwinlensError(error, 'UNAVAILABLE');
    } finally {
      stop();
      call.signal?.removeEventListener('abort', cancel);
    }
  }

  async #try(call: Call, signal: AbortSignal): Promise<{ readonly body: unknown } | TwinlensError> {
    const { platform, base } = this.#options;
    if (!platform.fetch) {
      throw new TwinlensError('INVALID_ARGUMENT', 'This platform has no fetch; pass one to the client.');
    }
    const { method, path, headers, body } = call;
    const token = tokenOf(this.#options.token);
    const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const all = { accept: 'application/json', ...authorization, ...headers };
    const init = { method, headers: all, signal, ...(body ? { body } : {}) };
    let response: ResponseMinimal;
    let text: string;
    try {
      response = await platform.fetch(base + path, init);
      text = await response.text();
    } catch (cause) {
      throw new TwinlensError('UNAVAILABLE', `The gateway at ${base} could not be reached; is it running?`, { cause });
    }
    const value = parseJson(text);
    if (!response.ok) return readProblem(response, value, platform);
    if (value === undefined) {
      throw new TwinlensError(
        'INTERNAL',
        `${base} answered with something that is not JSON; is it a Twinlens gateway?`,
      );
    }
    return { body: value };
  }

  /** Resolves after `ms`, or at once when `signal` aborts. */
  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#options.platform.clock.after(ms, done);
      function done() {
        signal.removeEventListener('abort', done);
        stop();
        resolve();
      }
      if (signal.aborted) done();
      else signal.addEventListener('abort', done, { once: true });
    });
  }
}

function unshared(data: Uint8Array, buffer: ArrayBuffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, data.byteOffset, data.byteLength);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error of a problem document; of its status alone when something in between answered. */
export function readProblem(
  response: Pick<ResponseMinimal, 'status' | 'headers'>,
  body: unknown,
  platform: Pick<Platform, 'date'>,
): TwinlensError {
  const problem: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {};
  const code = isErrorCode(problem.code) ? problem.code : codeOfStatus(response.status);
  const detail =
    typeof problem.detail === 'string' ? problem.detail : `The gateway answered with status ${response.status}.`;
  const retryAfterMs =
    typeof problem.retryAfterMs === 'number'
      ? problem.retryAfterMs
      : parseRetryAfter(response.headers.get('retry-after'), platform);
  return new TwinlensError(code, detail, retryAfterMs === undefined ? {} : { retryAfterMs });
}

/** `Retry-After` is seconds or a date (RFC 9110, 10.2.3); milliseconds from now. */
export function parseRetryAfter(value: string | null, platform: Pick<Platform, 'date'>): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - platform.date());
}
