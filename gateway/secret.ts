/**
 * Reads a secret once: as text, from the file that was named, or from the file where container platforms mount it.
 * Guarantees that no message repeats the secret.
 */
import { existsSync, readFileSync } from 'node:fs';
import { asTwinlensError, TwinlensError } from '../core/errors.ts';
import type { Secret } from './configuration/index.ts';

/** Where Docker and Kubernetes put the admin token unless told otherwise. */
export const ADMIN_TOKEN_MOUNT = '/run/secrets/twinlens-admin-token';
export const MIN_ADMIN_TOKEN = 16;

export interface SecretRules {
  /** Name of the variable, for messages. */
  readonly name: string;
  /** File that counts when it exists and nothing was named. */
  readonly mount?: string;
  readonly minLength?: number;
}

/** Undefined when none was given. Throws INVALID_ARGUMENT when the file can't be read or holds too little. */
export function readSecret({ text, file }: Secret, { name, mount, minLength = 1 }: SecretRules): string | undefined {
  if (text !== undefined && file !== undefined) {
    throw new TwinlensError('INVALID_ARGUMENT', `${name} and ${name}_FILE are both set; keep one of them.`);
  }
  const path = file ?? (text === undefined && mount !== undefined && existsSync(mount) ? mount : undefined);
  const secret = (path === undefined ? text : readText(path, name))?.trim();
  if (secret === undefined) return undefined;
  const origin = path === undefined ? name : `${path} (${name}_FILE)`;
  if (secret.length < minLength) {
    throw new TwinlensError('INVALID_ARGUMENT', `${origin} holds a secret of less than ${minLength} characters.`);
  }
  // It travels in a header.
  if (!/^[\x21-\x7e]+$/.test(secret)) {
    throw new TwinlensError('INVALID_ARGUMENT', `${origin} may have printable ASCII characters without spaces only.`);
  }
  return secret;
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { message } = asTwinlensError(cause);
    throw new TwinlensError('INVALID_ARGUMENT', `${name}_FILE can't be read: ${message}`, { cause });
  }
}
