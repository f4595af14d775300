/** From anything that can go wrong in an HTTP request to a problem document. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { codeOfStatus, TwinlensError } from '../../core/errors.ts';
import { PROBLEM_TYPE, retryAfterSeconds, toProblem } from '../problem.ts';

export function sendProblem(reply: FastifyReply, error: TwinlensError): FastifyReply {
  const problem = toProblem(error, reply.request.id);
  const retryAfter = retryAfterSeconds(error);
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  // What a failed handler had said of a body that will not come.
  for (const name of ['etag', 'content-length', 'content-range', 'accept-ranges']) reply.removeHeader(name);
  // As bytes: to text Fastify would add a charset, which JSON does not have.
  return reply
    .code(problem.status)
    .headers({ 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' })
    .send(Buffer.from(JSON.stringify(problem)));
}

/** Our own errors as they are; Fastify's by their status; anything else is a fault of ours, told only to the log. */
export function toKnown(error: unknown, request: FastifyRequest): TwinlensError {
  if (error instanceof TwinlensError) return error;
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (error instanceof Error && status >= 400 && status < 500) {
    return new TwinlensError(codeOfStatus(status), error.message, { cause: error });
  }
  return new TwinlensError('INTERNAL', `The gateway failed; its log says why under request id ${request.id}.`, {
    cause: error,
  });
}

/** Of connections whose bytes are no HTTP request. */
export function clientError(error: NodeJS.ErrnoException): TwinlensError {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new TwinlensError('DEADLINE_EXCEEDED', 'The request did not arrive in time; send it faster.');
    case 'HPE_HEADER_OVERFLOW':
      return new TwinlensError('INVALID_ARGUMENT', 'The headers of the request are too large.');
    default:
      return new TwinlensError('INVALID_ARGUMENT', 'The request is not valid HTTP.', { cause: error });
  }
}
