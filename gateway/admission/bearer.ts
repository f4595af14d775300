/** Where a request carries its token: in `Authorization`, or, since browsers can't set that on a WebSocket, among the subprotocols. */
import type { IncomingHttpHeaders } from 'node:http';
import { tokenInProtocols } from '../../core/token-protocol.ts';

/** The token of `Authorization: Bearer ...`. */
export function bearerOf(headers: IncomingHttpHeaders): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}

/** The token of a handshake; the header counts first. */
export function handshakeTokenOf(headers: IncomingHttpHeaders): string | undefined {
  return bearerOf(headers) ?? tokenInProtocols(headers['sec-websocket-protocol'] ?? '');
}
