/** Who may open a WebSocket: pure checks of an upgrade request, in the order in which they matter. */
import type { IncomingMessage } from 'node:http';
import { TwinlensError } from '../../core/errors.ts';
import { STREAM_PATH, SUBPROTOCOL } from '../../core/protocol.ts';
import { tokenInProtocols } from '../../core/token-protocol.ts';
import type { OriginPolicy } from '../admission/index.ts';

export interface HandshakeRules {
  readonly origins: OriginPolicy;
  readonly maxSockets: number;
}

/** Milliseconds after which a place may have become free. */
const FULL_RETRY_AFTER_MS = 5000;

/** Throws the error that the handshake is answered with. Drains are checked by the gate. */
export function checkHandshake(
  request: Pick<IncomingMessage, 'url' | 'headers'>,
  open: number,
  { origins, maxSockets }: HandshakeRules,
): void {
  if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
    throw new TwinlensError('INVALID_ARGUMENT', 'Only WebSockets are made here; send plain HTTP/1.1 without Upgrade.');
  }
  const [path] = (request.url ?? '').split('?', 1);
  if (path !== STREAM_PATH) {
    throw new TwinlensError('NOT_FOUND', `There is no WebSocket at this path; connect to ${STREAM_PATH}.`);
  }
  if (!origins.allowed(request.headers.origin, request.headers.host)) {
    throw new TwinlensError(
      'PERMISSION_DENIED',
      'Pages of this origin may not connect; the operator lists allowed ones in TWINLENS_ORIGINS.',
    );
  }
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((part) => part.trim());
  if (!offered.includes(SUBPROTOCOL)) {
    throw new TwinlensError('INVALID_ARGUMENT', `Offer the subprotocol ${SUBPROTOCOL} in Sec-WebSocket-Protocol.`);
  }
  if (open >= maxSockets) {
    throw new TwinlensError('UNAVAILABLE', `All ${maxSockets} connections are taken; try again later.`, {
      retryAfterMs: FULL_RETRY_AFTER_MS,
    });
  }
}

/** Whether it is a browser's, or made like one's: pages see nothing of a handshake's answer, but they see close codes. */
export function readsOnlyCloses({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers.origin !== undefined || tokenInProtocols(headers['sec-websocket-protocol'] ?? '') !== undefined;
}
