/** The token that a client shows to its gateway, or where to get the one that counts now. */
import { TwinlensError } from '../core/errors.ts';

export type TokenSource = string | (() => string | undefined);

/** Undefined: there is none. Throws INVALID_ARGUMENT for what can't travel in a header. */
export function tokenOf(source: TokenSource | undefined): string | undefined {
  const token = typeof source === 'function' ? source() : source;
  if (token === undefined) return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new TwinlensError('INVALID_ARGUMENT', 'A token has printable ASCII characters without spaces only.');
}
