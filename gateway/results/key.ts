/**
 * What makes two requests the same: the bytes of the picture, what they are, the version and variant that runs, and
 * how many predictions are wanted. Whether the bytes can be decoded is not known here, so what a client says of them
 * counts too.
 */
import { hash, webcrypto } from 'node:crypto';
import type { ImageInput } from '../../core/engine.ts';
import type { Handle, ServableRequest } from '../serving/index.ts';

/** Bytes that take about a millisecond to hash; more are hashed beside the thread that serves sockets. */
const HASHED_AT_ONCE = 512 * 1024;

const formOf = (image: ImageInput): string =>
  'width' in image ? `${image.encoding}:${image.width}x${image.height}` : image.encoding;

async function digest(data: Uint8Array): Promise<string> {
  if (data.byteLength <= HASHED_AT_ONCE) return hash('sha256', data, 'base64url');
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', data)).toString('base64url');
}

/** Names a version that serves. */
export const servableOf = (model: string, version: number): string => `${model}@${version}`;

export async function keyOf({ name, version, variant }: Handle, { image, top }: ServableRequest): Promise<string> {
  return `${servableOf(name, version)}/${variant}/${top}/${formOf(image)}/${await digest(image.data)}`;
}
