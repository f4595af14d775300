/**
 * The tokens that count now, each with the name of its owner. Keeps digests only. Guarantees that a look-up takes the
 * same time whichever token it is compared with, and that a change counts for the next look-up. Knows no transport and
 * not where tokens come from.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

export interface NamedToken {
  readonly name: string;
  readonly token: string;
}

/** Who gave a token. */
export interface Owner {
  readonly name: string;
  /** Whether that token still counts. */
  readonly valid: () => boolean;
}

interface Entry {
  readonly name: string;
  readonly digest: Buffer;
}

/** Of equal length for every text, so that comparing tells nothing of a token's length either. */
const digestOf = (text: string) => createHash('sha256').update(text).digest();

export class TokenBook {
  #entries: readonly Entry[];
  readonly #listeners = new Set<() => void>();

  constructor(tokens: readonly NamedToken[] = []) {
    this.#entries = tokens.map(toEntry);
  }

  /** From now on these tokens count and no others. */
  replace(tokens: readonly NamedToken[]): void {
    this.#entries = tokens.map(toEntry);
    for (const listener of this.#listeners) listener();
  }

  /** Whose token it is; undefined: nobody's. */
  ownerOf(token: string): Owner | undefined {
    const digest = digestOf(token);
    const name = this.#find(digest)?.name;
    return name === undefined ? undefined : { name, valid: () => this.#find(digest)?.name === name };
  }

  /** Calls `listener` after every `replace`. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #find(digest: Buffer): Entry | undefined {
    let found: Entry | undefined;
    // All of them, also after a match.
    for (const entry of this.#entries) if (timingSafeEqual(entry.digest, digest)) found = entry;
    return found;
  }
}

const toEntry = ({ name, token }: NamedToken): Entry => ({ name, digest: digestOf(token) });
