/**
 * The state of one WebSocket: its requests in flight and its subscription. Guarantees that every `classify`
 * that arrives ends in one `result` or one `error` while the connection lasts, and that replies which nobody
 * reads don't pile up. Knows the wire only as something that takes text.
 */

import type { ImageInput } from '../../core/engine.ts';
import { ERROR_TABLE, errorRow, TwinlensError, toErrorBody } from '../../core/errors.ts';
import { type ClassifyFrame, decodeClassifyFrame, MAX_HEADER_BYTES } from '../../core/frame.ts';
import { rawPixels } from '../../core/pixels.ts';
import {
  type ClientMessage,
  type ClientTextMessage,
  type GatewayMessage,
  type Limits,
  type ModelEvent,
  type ModelSummary,
  parseClientMessage,
  SUBPROTOCOL,
} from '../../core/protocol.ts';
import { DRAIN_RETRY_AFTER_MS, FULL_RETRY_AFTER_MS, type Intake, type Ticket } from '../admission/index.ts';
import { glimpse } from './message-id.ts';

/** The connection as a session sees it. */
export interface Wire {
  send(text: string): void;
  /** A WebSocket ping; `ponged` tells of its answer. */
  ping(): void;
  close(code: number, reason: string): void;
  /** Bytes that were sent and that the other side has not taken yet. */
  readonly unreadBytes: number;
}

export interface SessionOptions {
  /** Unique in this process. */
  readonly id: string;
  readonly wire: Wire;
  readonly intake: Intake;
  readonly models: () => readonly ModelSummary[];
  readonly server: string;
  readonly limits: Limits;
  /** Bytes of replies that may stay unread. */
  readonly maxUnreadBytes: number;
  /** Name of the client's token, for the log. */
  readonly clientName?: string | undefined;
  /** Counts a message of the client that will be answered. Throws RATE_LIMITED when it asks too much. */
  readonly charge: () => void;
}

const cancelled = (message: string) => new TwinlensError('CANCELLED', message);

export class ClientSession {
  readonly #options: SessionOptions;
  readonly #inFlight = new Map<string, Ticket>();
  #models: 'none' | 'all' | ReadonlySet<string> = 'none';
  #state: 'open' | 'draining' | 'closed' = 'open';
  /** While draining: everything that the client sent before it heard of it has arrived. */
  #settled = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** The connection is there: says welcome. */
  open(): void {
    const { server, limits, models } = this.#options;
    this.#send({ type: 'welcome', protocol: SUBPROTOCOL, server, limits, models: [...models()] });
  }

  /** A whole message arrived: text as a string. Never throws. */
  receive(data: string | Uint8Array): void {
    if (this.#state === 'closed') return;
    try {
      if (typeof data === 'string') this.#receiveText(data);
      else this.#receiveFrame(data);
    } catch (error) {
      const { id, classify } = glimpse(data);
      // An error with the id of a request in flight would end that request; only a classify may have one.
      this.#fail(id !== undefined && (classify || !this.#inFlight.has(id)) ? id : undefined, error);
    }
  }

  /** Something happened to a model. */
  modelEvent(event: ModelEvent): void {
    if (this.#state === 'closed' || this.#models === 'none') return;
    if (this.#models === 'all' || this.#models.has(event.model)) this.#send(event);
  }

  /** The answer to a WebSocket ping. */
  ponged(): void {
    if (this.#state !== 'draining') return;
    this.#settled = true;
    this.#leaveWhenDone();
  }

  /** Says goodbye; closes once what was sent before has been answered. */
  drain(): void {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    this.#send({ type: 'goodbye', retryAfterMs: DRAIN_RETRY_AFTER_MS });
    this.#options.wire.ping();
  }

  /** Ends the connection with the close code of `error`. */
  end(error: TwinlensError): void {
    if (this.#state === 'closed') return;
    const reason = error.message.slice(0, 120);
    this.#options.wire.close(errorRow(error.code).closeCode ?? ERROR_TABLE.INTERNAL.closeCode, reason);
    this.closed();
  }

  /** The connection is gone. Its requests are dropped. */
  closed(): void {
    this.#state = 'closed';
    for (const ticket of this.#inFlight.values()) ticket.cancel(cancelled('The connection was closed.'));
  }

  #receiveText(text: string): void {
    if (text.length > MAX_HEADER_BYTES) {
      throw new TwinlensError(
        'INVALID_ARGUMENT',
        `A text message has at most ${MAX_HEADER_BYTES} characters; this one has ${text.length}.`,
      );
    }
    const message = this.#parse(text);
    if (message.type === 'classify') {
      throw new TwinlensError(
        'INVALID_ARGUMENT',
        'A classify message travels as the header of a binary frame, with the picture behind it.',
      );
    }
    this.#handle(message);
  }

  /** What can't be read counts too: it is answered. */
  #parse(text: string): ClientMessage {
    try {
      return parseClientMessage(text);
    } catch (error) {
      this.#options.charge();
      throw error;
    }
  }

  #handle(message: ClientTextMessage): void {
    switch (message.type) {
      case 'cancel':
        this.#inFlight.get(message.id)?.cancel(cancelled('The request was cancelled by its client.'));
        return;
      case 'subscribe':
        this.#models = message.models.length === 0 ? 'all' : new Set(message.models);
        return;
      case 'ping':
        this.#options.charge();
        this.#send({ type: 'pong', id: message.id });
        return;
      default:
        message satisfies never;
    }
  }

  #receiveFrame(data: Uint8Array): void {
    const { intake, limits, charge } = this.#options;
    charge();
    const frame = decodeClassifyFrame(data);
    const { id } = frame.message;
    if (this.#inFlight.has(id)) {
      throw new TwinlensError(
        'INVALID_ARGUMENT',
        `The id "${id}" is that of a request that still waits for its answer; give each request its own.`,
      );
    }
    const image = toImage(frame, limits.maxPixels);
    if (this.#inFlight.size >= limits.maxInFlight) {
      throw new TwinlensError(
        'QUEUE_FULL',
        `${limits.maxInFlight} requests of this connection wait already; wait for an answer before sending more.`,
        { retryAfterMs: FULL_RETRY_AFTER_MS },
      );
    }
    const ticket = intake.enter('socket');
    try {
      ticket.hold(frame.payload.byteLength);
    } catch (error) {
      ticket.end();
      throw error;
    }
    this.#inFlight.set(id, ticket);
    void this.#answer(frame, image, ticket);
  }

  /** Never rejects. */
  async #answer({ message }: ClassifyFrame, image: ImageInput, ticket: Ticket): Promise<void> {
    const { id: session, intake } = this.#options;
    const { id, model, top, deadlineMs, priority, stream, key } = message;
    try {
      const classification = await intake.classify(ticket, {
        requestId: `${session}/${id}`,
        transport: 'socket',
        client: session,
        clientName: this.#options.clientName,
        image,
        model,
        top,
        deadlineMs,
        priority,
        stream,
        key,
      });
      this.#inFlight.delete(id);
      this.#send({
        ...classification,
        predictions: [...classification.predictions],
        type: 'result',
        id,
      });
    } catch (error) {
      this.#inFlight.delete(id);
      this.#reply(id, error);
    } finally {
      ticket.end();
      this.#leaveWhenDone();
    }
  }

  /** Answers a message that was not accepted. */
  #fail(id: string | undefined, error: unknown): void {
    const requestId = id === undefined ? this.#options.id : `${this.#options.id}/${id}`;
    const { clientName } = this.#options;
    this.#reply(id, this.#options.intake.refuse(error, { requestId, transport: 'socket', clientName }));
  }

  #reply(id: string | undefined, error: unknown): void {
    this.#send({ ...toErrorBody(error), type: 'error', ...(id === undefined ? {} : { id }) });
  }

  #send(message: GatewayMessage): void {
    if (this.#state === 'closed') return;
    const { wire, maxUnreadBytes } = this.#options;
    wire.send(JSON.stringify(message));
    if (wire.unreadBytes <= maxUnreadBytes) return;
    this.end(
      new TwinlensError('RATE_LIMITED', `More than ${maxUnreadBytes} bytes of answers were left unread; read them.`),
    );
  }

  #leaveWhenDone(): void {
    if (this.#state !== 'draining' || !this.#settled || this.#inFlight.size > 0) return;
    this.end(new TwinlensError('DRAINING', 'The gateway is shutting down; connect again in a moment.'));
  }
}

/** Throws PAYLOAD_TOO_LARGE or INVALID_ARGUMENT for raw pixels that can't be what the header says. */
function toImage({ message: { image }, payload: data }: ClassifyFrame, maxPixels: number): ImageInput {
  if (data.byteLength === 0) {
    throw new TwinlensError('INVALID_ARGUMENT', 'The frame has no picture behind its header; append its bytes.');
  }
  if (!('width' in image)) return { encoding: image.encoding, data };
  const raw = { ...image, data };
  rawPixels(raw, maxPixels);
  return raw;
}
