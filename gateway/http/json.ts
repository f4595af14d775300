/** Reads JSON bodies and queries, bounded and checked by a schema. */
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TwinlensError } from '../../core/errors.ts';
import { describeMistakes } from '../../core/mistakes.ts';

/** Bytes of one body; the longest have the class names of a model. */
const MAX_BYTES = 4 * 1024 * 1024;

const tooLarge = (maxBytes: number) =>
  new TwinlensError('PAYLOAD_TOO_LARGE', `A JSON body has at most ${maxBytes} bytes here.`);

/** The body as `schema` says; none counts as `{}`. Throws INVALID_ARGUMENT, PAYLOAD_TOO_LARGE, CANCELLED. */
export async function readJson<T>(
  request: FastifyRequest,
  schema: z.core.$ZodType<T>,
  maxBytes = MAX_BYTES,
): Promise<T> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const text = await readText(request.body, maxBytes);
  let value: unknown;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', 'The body is not valid JSON.', { cause });
  }
  return check(schema, value, 'body');
}

/** The query as `schema` says. Throws INVALID_ARGUMENT. */
export function readQuery<T>(request: FastifyRequest, schema: z.core.$ZodType<T>): T {
  return check(schema, request.query, 'query');
}

/** @param what is checked, for the message */
export function check<T>(schema: z.core.$ZodType<T>, value: unknown, what: string): T {
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  throw new TwinlensError('INVALID_ARGUMENT', `The ${what} is not valid: ${describeMistakes(parsed.error, what)}.`);
}

async function readText(body: unknown, maxBytes: number): Promise<string> {
  if (!(body instanceof Readable)) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    // Left open on failure, so that the answer is not lost with the connection.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      if (!(chunk instanceof Uint8Array)) throw new TwinlensError('INTERNAL', 'The body came as no bytes.');
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof TwinlensError) throw cause;
    throw new TwinlensError('CANCELLED', 'The connection was closed before the whole body had come.', { cause });
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}
