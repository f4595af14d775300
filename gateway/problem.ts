/** Problem documents (RFC 9457): what every HTTP answer that is no success carries. */
import { STATUS_CODES } from 'node:http';
import { type ErrorBody, errorRow, type TwinlensError, toErrorBody } from '../core/errors.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export interface Problem extends Omit<ErrorBody, 'message'> {
  readonly type: 'about:blank';
  /** Name of the status. */
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The request's id. */
  readonly instance: string;
}

export function toProblem(error: TwinlensError, requestId: string): Problem {
  const { message, ...body } = toErrorBody(error);
  const { status } = errorRow(error.code);
  // 499 is nginx's number and in no registry.
  const title = STATUS_CODES[status] ?? 'Client Closed Request';
  return { type: 'about:blank', title, status, detail: message, ...body, instance: requestId };
}

/** Whole seconds for the header `Retry-After`. */
export function retryAfterSeconds(error: TwinlensError): string | undefined {
  return error.retryAfterMs === undefined ? undefined : String(Math.ceil(error.retryAfterMs / 1000));
}

/** The whole HTTP/1.1 answer as text, for connections that no HTTP server answers any more. */
export function rawProblem(error: TwinlensError, requestId: string): string {
  const problem = toProblem(error, requestId);
  const body = JSON.stringify(problem);
  const retryAfter = retryAfterSeconds(error);
  return [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'X-Content-Type-Options: nosniff',
    'Cache-Control: no-store',
    ...(problem.status === 401 ? ['WWW-Authenticate: Bearer realm="twinlens"'] : []),
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
