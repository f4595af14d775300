/** An HTTP server on this machine that serves files as hosts of models do: ranges, ETags, 304, and what goes wrong. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Seen {
  readonly path: string;
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
}

export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

export class FileServer {
  readonly #server: Server;
  readonly #answers = new Map<string, Answer[]>();
  /** Every request so far. */
  readonly seen: Seen[] = [];

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = request.url ?? '/';
      const queue = this.#answers.get(path) ?? [];
      response.on('close', () => this.seen.push({ path, status: response.statusCode, headers: request.headers }));
      // The last answer stays.
      const answer = queue.length > 1 ? queue.shift() : queue[0];
      if (answer) answer(request, response);
      else response.writeHead(404).end('not here');
    });
  }

  static async start(): Promise<FileServer> {
    const server = new FileServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The answers to requests of `path`, in order; the last one stays. */
  on(path: string, ...answers: Answer[]): this {
    this.#answers.set(path, answers);
    return this;
  }

  asked(path: string): readonly Seen[] {
    return this.seen.filter((seen) => seen.path === path);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** A file with a strong ETag and ranges. */
export function file(bytes: Uint8Array | string, type = 'application/octet-stream'): Answer {
  const body = Buffer.from(bytes);
  const etag = `"${sha256(body).slice(0, 16)}"`;
  return ({ headers }, response) => {
    response.setHeader('etag', etag).setHeader('content-type', type).setHeader('accept-ranges', 'bytes');
    if (headers['if-none-match'] === etag) return void response.writeHead(304).end();
    const start = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
    const same = headers['if-range'] === undefined || headers['if-range'] === etag;
    if (start === undefined || !same) return void response.writeHead(200, { 'content-length': body.length }).end(body);
    if (Number(start) >= body.length) return void response.writeHead(416).end();
    const rest = body.subarray(Number(start));
    response.writeHead(206, {
      'content-length': rest.length,
      'content-range': `bytes ${start}-${body.length - 1}/${body.length}`,
    });
    response.end(rest);
  };
}

/**
 * Begins as `file` does from the start, and drops the connection after `count` bytes, once the other end has told
 * `onProgress` that it has them: what is still on its way when a connection breaks may be lost.
 */
export function breaking(bytes: Uint8Array, count: number) {
  const etag = `"${sha256(bytes).slice(0, 16)}"`;
  let drop: (() => void) | undefined;
  const answer: Answer = (_, response) => {
    drop = () => response.destroy();
    response.writeHead(200, { 'content-length': bytes.length, etag });
    response.write(bytes.subarray(0, count));
  };
  const onProgress = ({ loadedBytes }: { readonly loadedBytes: number }): void => {
    if (loadedBytes < count) return;
    drop?.();
    drop = undefined;
  };
  return { answer, onProgress };
}

/** Sends without end. */
export const endless: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  const piece = Buffer.alloc(64 * 1024);
  const send = () => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', send);
  send();
};

/** Begins and then says nothing more. */
export function silent(bytes: Uint8Array, count: number): Answer {
  return (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, count));
  };
}

export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    void response.writeHead(code, headers).end(String(code));

export const page: Answer = file('<!doctype html><title>Sign in</title>', 'text/html; charset=utf-8');
