/**
 * The one error table: every code that crosses a boundary, with its HTTP status, whether trying
 * again can help, and the WebSocket close code where the code ends the connection.
 * Codes travel on the wire and label metrics; nothing matches on message texts.
 */

interface ErrorRow {
  /** HTTP status of the problem document. SUPERSEDED and CANCELLED never reach a plain HTTP client in practice. */
  readonly status: number;
  /** Whether the same request may succeed when sent again unchanged. */
  readonly retryable: boolean;
  /** Close code of the socket when this error ends it (4000-4999 is the private range, RFC 6455 7.4.2). */
  readonly closeCode?: number;
}

export const ERROR_TABLE = {
  INVALID_ARGUMENT: { status: 400, retryable: false, closeCode: 4400 },
  UNAUTHENTICATED: { status: 401, retryable: false, closeCode: 4401 },
  PERMISSION_DENIED: { status: 403, retryable: false, closeCode: 4403 },
  MODEL_NOT_FOUND: { status: 404, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false },
  SUPERSEDED: { status: 409, retryable: false },
  CONFLICT: { status: 409, retryable: false },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false, closeCode: 1009 },
  UNSUPPORTED_MEDIA: { status: 415, retryable: false },
  UNDECODABLE_IMAGE: { status: 422, retryable: false },
  QUEUE_FULL: { status: 429, retryable: true },
  RATE_LIMITED: { status: 429, retryable: true, closeCode: 4429 },
  CANCELLED: { status: 499, retryable: false },
  ENGINE_FAILED: { status: 500, retryable: true },
  INTERNAL: { status: 500, retryable: false, closeCode: 1011 },
  MODEL_NOT_READY: { status: 503, retryable: true },
  DRAINING: { status: 503, retryable: true, closeCode: 1012 },
  UNAVAILABLE: { status: 503, retryable: true },
  DEADLINE_EXCEEDED: { status: 504, retryable: true },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERROR_TABLE;

const TABLE: Readonly<Record<ErrorCode, ErrorRow>> = ERROR_TABLE;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_TABLE, value);
}

/** The row of `code`. */
export function errorRow(code: ErrorCode): ErrorRow {
  return TABLE[code];
}

/** The code for an HTTP status of somebody who knows no codes of ours: a proxy, a balancer, an HTTP library. */
export function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'PERMISSION_DENIED';
    case 404:
      return 'NOT_FOUND';
    case 405:
      return 'METHOD_NOT_ALLOWED';
    case 409:
      return 'CONFLICT';
    case 413:
      return 'PAYLOAD_TOO_LARGE';
    case 415:
      return 'UNSUPPORTED_MEDIA';
    case 429:
      return 'RATE_LIMITED';
    case 504:
      return 'DEADLINE_EXCEEDED';
    default:
      if (status === 502 || status === 503) return 'UNAVAILABLE';
      return status >= 400 && status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL';
  }
}

export interface TwinlensErrorOptions {
  readonly cause?: unknown;
  /** Milliseconds after which trying again makes sense. */
  readonly retryAfterMs?: number;
}

/** Every failure that a caller may see. `message` says what happened and what to do about it. */
export class TwinlensError extends Error {
  override readonly name = 'TwinlensError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: TwinlensErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return TABLE[this.code].retryable;
  }

  get status(): number {
    return TABLE[this.code].status;
  }
}

function textOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return ''; // an object without a prototype has no words
  }
}

/** `error` itself when it is ours, else an INTERNAL (or `fallback`) that carries it as its cause. */
export function asTwinlensError(error: unknown, fallback: ErrorCode = 'INTERNAL'): TwinlensError {
  if (error instanceof TwinlensError) return error;
  return new TwinlensError(fallback, textOf(error) || 'Something failed without saying why.', { cause: error });
}

/** An error as plain data, for the wires between processes, workers and sockets. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
}

export function toErrorBody(error: unknown): ErrorBody {
  const known = asTwinlensError(error);
  return {
    code: known.code,
    message: known.message,
    retryable: known.retryable,
    ...(known.retryAfterMs === undefined ? {} : { retryAfterMs: known.retryAfterMs }),
  };
}

export function fromErrorBody(body: ErrorBody): TwinlensError {
  return new TwinlensError(
    body.code,
    body.message,
    body.retryAfterMs === undefined ? {} : { retryAfterMs: body.retryAfterMs },
  );
}
