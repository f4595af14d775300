/**
 * A client's token as an entry of `Sec-WebSocket-Protocol`, for browsers, which can't set other headers of a handshake.
 * In base64url, because a token may have characters that a subprotocol may not. The gateway never selects this entry.
 */

export const TOKEN_PROTOCOL_PREFIX = 'twinlens.token.';

/** @param token printable ASCII */
export function tokenProtocol(token: string): string {
  return TOKEN_PROTOCOL_PREFIX + btoa(token).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The token among the subprotocols that a client offers (the header's text); undefined when there is none. */
export function tokenInProtocols(offered: string): string | undefined {
  const entry = offered
    .split(',')
    .map((part) => part.trim())
    .find((part) => part.startsWith(TOKEN_PROTOCOL_PREFIX));
  if (entry === undefined) return undefined;
  const text = entry.slice(TOKEN_PROTOCOL_PREFIX.length);
  // What can't be decoded is a wrong token, not a missing one.
  return /^[\w-]+$/.test(text) && text.length % 4 !== 1 ? atob(text.replaceAll('-', '+').replaceAll('_', '/')) : '';
}
