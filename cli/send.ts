/**
 * Carries a stream to the gateway with its progress. The gateway is asked before anything is sent (Expect:
 * 100-continue), so that what would be refused is not sent at all, and its answer ends the sending at any time.
 */
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { TwinlensError } from '../core/errors.ts';

export interface Outgoing {
  readonly fileName: string;
  readonly stream: Readable;
  /** Undefined: known only when it was made. */
  readonly bytes: number | undefined;
  readonly onProgress: (sentBytes: number) => void;
}

export interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
}

/** Milliseconds without progress after which the connection counts as broken. */
const SILENCE_MS = 60_000;
/** Milliseconds to wait for "continue": somebody in between may not know it. */
const CONTINUE_MS = 2000;
const MAX_ANSWER_BYTES = 1024 * 1024;

export async function sendStream(
  url: string,
  headers: Readonly<Record<string, string>>,
  outgoing: Outgoing,
  signal: AbortSignal,
): Promise<Answer> {
  const { stream, bytes, onProgress } = outgoing;
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const request = send(url, {
    method: 'POST',
    signal,
    headers: {
      ...headers,
      'content-type': 'application/octet-stream',
      expect: '100-continue',
      ...(bytes === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes }),
    },
  });
  request.setTimeout(SILENCE_MS, () => request.destroy(new Error(`nothing moved for ${SILENCE_MS / 1000} seconds`)));
  const answered = once(request, 'response').then(([response]: IncomingMessage[]) => response);
  // Whichever of both fails first is told; the other one fails with it.
  answered.catch(() => undefined);
  try {
    request.flushHeaders();
    const early = await Promise.race([answered, mayBegin(request)]);
    const sending = early ? Promise.resolve() : pump(stream, request, onProgress, answered);
    const response = await Promise.race([answered, sending.then(() => answered)]);
    if (!response) throw new Error('the connection ended without an answer');
    const text = await readText(response);
    return { status: response.statusCode ?? 0, headers: headersOf(response), text };
  } catch (cause) {
    if (cause instanceof TwinlensError) throw cause;
    if (signal.aborted) throw new TwinlensError('CANCELLED', 'Interrupted.', { cause });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TwinlensError('UNAVAILABLE', `The upload to ${new URL(url).origin} broke off: ${why}. Try again.`, {
      cause,
    });
  } finally {
    stream.destroy();
    request.destroy();
  }
}

/** Resolves with nothing when the body may be sent. */
async function mayBegin(request: ClientRequest): Promise<undefined> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), CONTINUE_MS);
  try {
    await once(request, 'continue', { signal: deadline.signal });
  } catch (error) {
    if (!deadline.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Sends the stream; stops as soon as the gateway has answered. */
async function pump(
  stream: Readable,
  request: ClientRequest,
  onProgress: (sentBytes: number) => void,
  answered: Promise<unknown>,
): Promise<void> {
  let over = false;
  const stop = () => {
    over = true;
  };
  void answered.then(stop, stop);
  let sent = 0;
  for await (const chunk of stream) {
    if (over) return;
    if (!(chunk instanceof Uint8Array))
      throw new TwinlensError('INTERNAL', 'The file came as something else than bytes.');
    sent += chunk.byteLength;
    if (!request.write(chunk)) await Promise.race([once(request, 'drain'), answered]);
    onProgress(sent);
  }
  request.end();
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
  }
  return text;
}

function headersOf({ headers }: IncomingMessage): Answer['headers'] {
  return {
    get: (name) => {
      const value = headers[name.toLowerCase()];
      return value === undefined ? null : String(value);
    },
  };
}
