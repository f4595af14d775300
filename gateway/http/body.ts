/**
 * Reads the picture out of a request, raw or multipart, while it arrives. Never holds more than the bound:
 * what is beyond it is refused as soon as it shows, with or without Content-Length.
 */

import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { TwinlensError } from '../../core/errors.ts';
import type { Ticket } from '../admission/index.ts';

/** Bytes that the parts' headers of a multipart body may add. */
const MULTIPART_OVERHEAD = 16 * 1024;

const HOW = 'send one with: curl --data-binary @photo.jpg';

/** Throws INVALID_ARGUMENT, PAYLOAD_TOO_LARGE, QUEUE_FULL or CANCELLED. */
export async function readPicture(request: FastifyRequest, ticket: Ticket, maxBytes: number): Promise<Uint8Array> {
  const multipart = request.isMultipart();
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes + (multipart ? MULTIPART_OVERHEAD : 0)) throw tooLarge(maxBytes);
  const bytes = multipart
    ? await readPart(request, ticket, maxBytes)
    : await readStream(request.body instanceof Readable ? request.body : undefined, ticket, maxBytes);
  if (bytes.byteLength === 0) throw new TwinlensError('INVALID_ARGUMENT', `The body has no picture; ${HOW}.`);
  return bytes;
}

async function readPart(request: FastifyRequest, ticket: Ticket, maxBytes: number): Promise<Uint8Array> {
  const wrong = (cause?: unknown) =>
    new TwinlensError(
      'INVALID_ARGUMENT',
      'A form must have exactly one file, in the field "image", and nothing else.',
      {
        cause,
      },
    );
  // One byte more than allowed, so that a picture of exactly the limit is told from a cut one.
  const limits = { files: 1, fields: 0, parts: 1, fileSize: maxBytes + 1, headerPairs: 32 };
  let bytes: Uint8Array | undefined;
  try {
    for await (const part of request.parts({ limits })) {
      if (part.type !== 'file' || part.fieldname !== 'image') throw wrong();
      bytes = await readStream(part.file, ticket, maxBytes);
    }
  } catch (error) {
    throw ticket.reason ?? (error instanceof TwinlensError ? error : wrong(error));
  }
  if (!bytes) throw wrong();
  return bytes;
}

/** By its events: an iterator over the stream takes ten times as long. */
function readStream(stream: Readable | undefined, ticket: Ticket, maxBytes: number): Promise<Uint8Array> {
  if (!stream) return Promise.resolve(new Uint8Array());
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const fail = (error: unknown) => {
      leave();
      // Left open: who reads the connection's rest is the server's matter, and closing it would lose the answer.
      stream.pause();
      reject(error);
    };
    const take = (chunk: unknown) => {
      try {
        if (ticket.reason) throw ticket.reason;
        if (!(chunk instanceof Uint8Array))
          throw new TwinlensError('INTERNAL', 'The body came as something else than bytes.');
        length += chunk.byteLength;
        if (length > maxBytes) throw tooLarge(maxBytes);
        ticket.hold(chunk.byteLength);
        chunks.push(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const end = () => {
      leave();
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length));
    };
    const breakOff = (cause?: unknown) => {
      const message = 'The connection was closed before the whole picture had come.';
      fail(cause instanceof TwinlensError ? cause : new TwinlensError('CANCELLED', message, { cause }));
    };
    const leave = () => {
      stream.off('data', take).off('end', end).off('error', breakOff).off('close', breakOff);
    };
    if (stream.destroyed) return breakOff(stream.errored);
    stream.on('data', take).once('end', end).once('error', breakOff).once('close', breakOff);
  });
}

function tooLarge(maxBytes: number): TwinlensError {
  return new TwinlensError('PAYLOAD_TOO_LARGE', `A picture has at most ${maxBytes} bytes; send a smaller one.`);
}

/** Milliseconds that a refused client has to finish sending; ended at once, it could lose the answer. */
const LINGER_MS = 5000;

/** Throws away what is still to come of a body that was refused. */
export function discardRest(raw: IncomingMessage, after: (ms: number, run: () => void) => () => void): void {
  if (raw.complete || raw.destroyed) return;
  raw.unpipe();
  raw.resume();
  raw.once(
    'close',
    after(LINGER_MS, () => raw.destroy()),
  );
}
