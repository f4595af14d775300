/**
 * Reads a secret: as text, from the file that was named, or from the file where container platforms mount it.
 * Guarantees that no message repeats the secret.
 */
import { existsSync, readFileSync } from 'node:fs';
import { asTwinlensError, TwinlensError } from '../../core/errors.ts';
import type { Secret } from '../configuration/index.ts';

export interface SecretRules {
  /** Name of the variable, for messages. */
  readonly name: string;
  /** File that counts when it exists and nothing was named. */
  readonly mount?: string;
  readonly minLength?: number;
}

/** Of the admin token. The file is where Docker and Kubernetes put it unless told otherwise. */
export const ADMIN_TOKEN: SecretRules = {
  name: 'TWINLENS_ADMIN_TOKEN',
  mount: '/run/secrets/twinlens-admin-token',
  minLength: 16,
};

/** Where a secret is. */
export type SecretPlace =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string };

/** Throws INVALID_ARGUMENT when both are set. */
export function locateSecret({ text, file }: Secret, { name, mount }: SecretRules): SecretPlace {
  if (text !== undefined && file !== undefined) {
    throw new TwinlensError('INVALID_ARGUMENT', `${name} and ${name}_FILE are both set; keep one of them.`);
  }
  if (file !== undefined) return { kind: 'file', path: file };
  if (text !== undefined) return { kind: 'text', text };
  return mount !== undefined && existsSync(mount) ? { kind: 'file', path: mount } : { kind: 'none' };
}

/** The secret in `content`, without the spaces around it. Throws INVALID_ARGUMENT when it may not be one. */
export function checkSecret(content: string, origin: string, { minLength = 1 }: SecretRules): string {
  const secret = content.trim();
  if (secret.length < minLength) {
    throw new TwinlensError('INVALID_ARGUMENT', `${origin} holds a secret of less than ${minLength} characters.`);
  }
  // It travels in a header.
  if (!/^[\x21-\x7e]+$/.test(secret)) {
    throw new TwinlensError('INVALID_ARGUMENT', `${origin} may have printable ASCII characters without spaces only.`);
  }
  return secret;
}

/** Undefined when none was given. Throws INVALID_ARGUMENT when the file can't be read or holds too little. */
export function readSecret(secret: Secret, rules: SecretRules): string | undefined {
  const place = locateSecret(secret, rules);
  switch (place.kind) {
    case 'none':
      return undefined;
    case 'text':
      return checkSecret(place.text, rules.name, rules);
    case 'file':
      return checkSecret(readText(place.path, rules.name), `${place.path} (${rules.name}_FILE)`, rules);
  }
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { message } = asTwinlensError(cause);
    throw new TwinlensError('INVALID_ARGUMENT', `${name}_FILE can't be read: ${message}`, { cause });
  }
}
