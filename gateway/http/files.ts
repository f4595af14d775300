/**
 * Sends one file of a model package: validators, ranges (RFC 9110, 13 and 14), caching. Knows nothing of
 * where the file comes from. One range a request; several are answered with the whole file, as is allowed.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TwinlensError } from '../../core/errors.ts';
import type { ModelFile } from '../serving/index.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json; charset=utf-8',
  '.onnx': 'application/octet-stream',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.txt': 'text/plain; charset=utf-8',
};

const IMMUTABLE = 'public, max-age=31536000, immutable';

export async function sendModelFile(request: FastifyRequest, reply: FastifyReply, file: ModelFile) {
  const { path, entry } = file;
  // The manifest can't name its own hash; it is small enough to be hashed each time.
  const manifest = entry === undefined ? await readFile(path) : undefined;
  const sha256 =
    entry?.sha256 ??
    createHash('sha256')
      .update(manifest ?? '')
      .digest('hex');
  const size = entry?.bytes ?? manifest?.length ?? 0;
  const etag = `"${sha256}"`;
  reply.headers({
    etag,
    'accept-ranges': 'bytes',
    // Its own hash can't be checked by who fetches it, so a manifest is asked for again each time.
    'cache-control': entry === undefined ? 'no-cache' : IMMUTABLE,
    'content-type': TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream',
  });
  const { headers } = request;
  if (matches(headers['if-none-match'], etag)) return reply.code(304).send();
  const range =
    headers['if-range'] === undefined || headers['if-range'] === etag ? parseRange(headers.range, size) : 'all';
  if (range === 'outside') {
    return reply.code(416).header('content-range', `bytes */${size}`).header('cache-control', 'no-store').send();
  }
  const { start, end } = range === 'all' ? { start: 0, end: size - 1 } : range;
  if (range !== 'all') reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
  reply.header('content-length', end - start + 1);
  if (manifest) return reply.send(manifest.subarray(start, end + 1));
  if ((await stat(path)).size !== size) {
    throw new TwinlensError('INTERNAL', 'The file was changed after its version was loaded; publish a new version.');
  }
  if (request.method === 'HEAD' || size === 0) return reply.send();
  return reply.send(createReadStream(path, { start, end }));
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((part) => part.trim() === '*' || part.trim().replace(/^W\//, '') === etag);
}

type Range = { readonly start: number; readonly end: number };

/** `all` without a range, and for what is no range of bytes: such a header is to be ignored. */
export function parseRange(header: string | undefined, size: number): Range | 'all' | 'outside' {
  const match = header === undefined ? null : /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim());
  if (!match || (match[1] === '' && match[2] === '')) return 'all';
  const last = size - 1;
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size);
    return length === 0 ? 'outside' : { start: size - length, end: last };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? last : Math.min(Number(match[2]), last);
  if (start > last) return 'outside';
  return end < start ? 'all' : { start, end };
}
