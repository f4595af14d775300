/**
 * The gateway's end of the wire for tests of the client: messages as core defines them, and what
 * the client sent read by core's own parser, so that a wrong message fails the test that caused it.
 */
import { decodeClassifyFrame } from '../../core/frame.ts';
import {
  type ClassifyMessage,
  type ClientMessage,
  type Limits,
  parseClientMessage,
  SUBPROTOCOL,
} from '../../core/protocol.ts';
import { classification } from '../support/classification.ts';

export const LIMITS: Limits = { maxInFlight: 2, maxBytes: 1_000, maxPixels: 100 };

export const welcome = (limits: Partial<Limits> = {}) => ({
  type: 'welcome',
  protocol: SUBPROTOCOL,
  server: 'wire-gateway',
  limits: { ...LIMITS, ...limits },
  models: [{ name: 'mini', title: 'Mini', default: true, versions: [1], labels: { stable: 1 } }],
});

export const result = (id: string, model = 'mini') => ({ type: 'result', id, ...classification({ model }) });

export const failure = (id: string | undefined, code: string, more: object = {}) => ({
  type: 'error',
  id,
  code,
  message: `${code} for a test`,
  retryable: false,
  ...more,
});

export function readClient(data: string | Uint8Array): ClientMessage {
  return typeof data === 'string' ? parseClientMessage(data) : decodeClassifyFrame(data).message;
}

export function classifies(received: readonly (string | Uint8Array)[]): ClassifyMessage[] {
  return received.map(readClient).filter((message) => message.type === 'classify');
}

export const jpeg = (bytes = 8) => ({ encoding: 'jpeg', data: new Uint8Array(bytes) }) as const;
