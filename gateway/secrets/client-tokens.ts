/** Reads a file of client tokens: one `name:token` a line. Guarantees that no message repeats what a line holds. */
import { TwinlensError } from '../../core/errors.ts';
import type { NamedToken } from '../admission/index.ts';

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
/** Printable ASCII without spaces: it travels in a header. */
const TOKEN = /^[\x21-\x7e]{16,512}$/;
/** Every one is compared with at each request. */
const MAX_TOKENS = 1000;

/**
 * Empty lines and those that begin with `#` don't count. A name may have several tokens: the old and the new one, while
 * its client changes from one to the other. Throws INVALID_ARGUMENT, also for no token at all.
 */
export function parseClientTokens(content: string): readonly NamedToken[] {
  const tokens: NamedToken[] = [];
  const seen = new Set<string>();
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const wrong = (why: string) => new TwinlensError('INVALID_ARGUMENT', `line ${index + 1} ${why}.`);
    const colon = text.indexOf(':');
    const name = text.slice(0, Math.max(0, colon)).trim();
    const token = text.slice(colon + 1).trim();
    if (!NAME.test(name)) throw wrong('is not name:token, with a name of 1 to 64 letters, digits and ._-');
    if (!TOKEN.test(token)) throw wrong('has a token that is not 16 to 512 printable ASCII characters without spaces');
    if (seen.has(token)) throw wrong('has the token of another line');
    seen.add(token);
    tokens.push({ name, token });
  }
  if (tokens.length === 0) throw new TwinlensError('INVALID_ARGUMENT', 'it holds no token.');
  if (tokens.length > MAX_TOKENS) {
    throw new TwinlensError('INVALID_ARGUMENT', `it holds more than ${MAX_TOKENS} tokens.`);
  }
  return tokens;
}
