/** What goes over the wires, as metrics: sockets, and bytes in both directions. */
import { Counter, Gauge, type Registry } from 'prom-client';

export const TRANSPORTS = ['http', 'socket'] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface TransportMetrics {
  /** Bytes of a picture that arrived. */
  received(transport: Transport, bytes: number): void;
  /** Bytes of an answer that left. */
  sent(transport: Transport, bytes: number): void;
  /** A request or message that was one too many of its client. */
  rateLimited(): void;
  socketOpened(): void;
  socketClosed(): void;
}

export function transportMetrics(registry: Registry): TransportMetrics {
  const registers = [registry];
  const labelNames = ['transport'] as const;
  const sockets = new Gauge({ name: 'twinlens_sockets', help: 'Open WebSockets.', registers });
  const received = new Counter({
    name: 'twinlens_received_bytes_total',
    help: 'Bytes of pictures that arrived.',
    labelNames,
    registers,
  });
  const sent = new Counter({
    name: 'twinlens_sent_bytes_total',
    help: 'Bytes that were sent: bodies of HTTP answers (page and model files included), messages over WebSockets.',
    labelNames,
    registers,
  });
  const rateLimited = new Counter({
    name: 'twinlens_rate_limited_total',
    help: 'Requests, messages and handshakes that were refused because their client asked too much.',
    registers,
  });
  for (const transport of TRANSPORTS) {
    received.inc({ transport }, 0);
    sent.inc({ transport }, 0);
  }
  return {
    received: (transport, bytes) => received.inc({ transport }, bytes),
    sent: (transport, bytes) => sent.inc({ transport }, bytes),
    rateLimited: () => rateLimited.inc(),
    socketOpened: () => sockets.inc(),
    socketClosed: () => sockets.dec(),
  };
}
