/** `POST /v1/classify`: one picture in, one classification out. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type EncodedImage, PRIORITIES } from '../../core/engine.ts';
import { TwinlensError } from '../../core/errors.ts';
import { MAX_SPEC_LENGTH } from '../../core/model-spec.ts';
import { sniffEncoding } from '../../core/sniff.ts';
import { MAX_TOP } from '../../core/top.ts';
import type { Intake, Ticket } from '../admission/index.ts';
import type { CacheUse } from '../results/index.ts';
import type { RequestTrace, Tracing } from '../telemetry/index.ts';
import { discardRest, readPicture } from './body.ts';
import { describeBytes } from './describe.ts';

const whole = (max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(1).max(max));

export const classifyQuery = z.strictObject({
  model: z.string().min(1).max(MAX_SPEC_LENGTH).optional(),
  top: whole(MAX_TOP).optional(),
  deadlineMs: whole(600_000).optional(),
  priority: z.enum(PRIORITIES).optional(),
  /** Requests with the same key are answered by the same version while a canary runs. */
  key: z.string().min(1).max(128).optional(),
});

export interface ClassifyOptions {
  readonly intake: Intake;
  readonly tracing: Tracing;
  readonly maxBytes: number;
  readonly after: (ms: number, run: () => void) => () => void;
}

export function classifyHandler({ intake, tracing, maxBytes, after }: ClassifyOptions) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const { id } = request;
    const closed = new Promise<void>((resolve) => reply.raw.once('close', () => resolve()));
    const named = { requestId: id, transport: 'http', trace: beginTrace(request, reply, tracing) } as const;
    void closed.then(() => named.trace?.left());
    let ticket: Ticket | undefined;
    try {
      let query: z.infer<typeof classifyQuery>;
      let image: EncodedImage;
      try {
        query = parseQuery(request.query);
        checkHeaders(request.headers);
        ticket = intake.enter('http');
        const inside = ticket;
        void closed.then(() => {
          if (!reply.raw.writableFinished) inside.cancel(new TwinlensError('CANCELLED', 'The client went away.'));
        });
        image = toImage(await readPicture(request, ticket, maxBytes));
      } catch (error) {
        discardRest(request.raw, after);
        throw intake.refuse(error, named);
      }
      const { client } = request;
      const whose = { client: client?.key ?? '', clientName: client?.name };
      const asked = { ...named, ...whose, image, cache: cacheUse(request.headers), ...query };
      return { id, ...(await intake.classify(ticket, asked)) };
    } finally {
      // A drain waits until the answer has left.
      if (ticket) void closed.then(ticket.end);
    }
  };
}

/** The request's part of the trace that it names, or of a new one; the answer says which. */
function beginTrace({ id, headers }: FastifyRequest, reply: FastifyReply, tracing: Tracing): RequestTrace | undefined {
  const { traceparent } = headers;
  const trace = tracing.begin({
    requestId: id,
    transport: 'http',
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
  });
  if (trace) reply.header('traceresponse', trace.header);
  return trace;
}

function parseQuery(value: unknown): z.infer<typeof classifyQuery> {
  const parsed = classifyQuery.safeParse(value);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'query'}: ${issue.message}`);
  throw new TwinlensError('INVALID_ARGUMENT', `The query is not valid: ${mistakes.join('; ')}.`);
}

/** What `Cache-Control` asks for (RFC 9111, 5.2.1); its other directives mean nothing here. */
function cacheUse(headers: IncomingHttpHeaders): CacheUse {
  const directives = (headers['cache-control'] ?? '').split(',').map((directive) => directive.trim().toLowerCase());
  if (directives.includes('no-store')) return 'bypass';
  return directives.includes('no-cache') ? 'refresh' : 'use';
}

/** Types of bodies whose bytes may be a picture; curl names the last one when it is told nothing. */
const PLAIN_TYPES = ['', 'application/octet-stream', 'binary/octet-stream', 'application/x-www-form-urlencoded'];

const KINDS = 'send a JPEG, PNG, WebP or AVIF picture';

function checkHeaders(headers: IncomingHttpHeaders): void {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!PLAIN_TYPES.includes(type) && !type.startsWith('image/') && type !== 'multipart/form-data') {
    throw new TwinlensError('UNSUPPORTED_MEDIA', `The body is ${type.slice(0, 100)}; ${KINDS}.`);
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new TwinlensError(
      'UNSUPPORTED_MEDIA',
      'The body is compressed (Content-Encoding); send the picture as it is.',
    );
  }
}

function toImage(data: Uint8Array): EncodedImage {
  const encoding = sniffEncoding(data);
  if (encoding) return { encoding, data };
  throw new TwinlensError('UNSUPPORTED_MEDIA', `The body is ${describeBytes(data)}; ${KINDS}.`);
}
