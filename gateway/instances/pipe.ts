/**
 * Messages on the pipe between the gateway and an instance: each is JSON with bytes behind it (pictures). Bytes go from
 * where they are into the pipe, and from there to where they stay, once each way; Node's own channel between processes
 * copies them four times, and leaves what it copied for the garbage collector. Knows no message.
 *
 *     u32 bytes of the JSON | u48 bytes behind it | JSON in UTF-8 | bytes        numbers are little-endian
 */
import type { Writable } from 'node:stream';
import { TwinlensError } from '../../core/errors.ts';

/** The file descriptor of the instance's end. */
export const PIPE_FD = 3;

const SIZE_BYTES = 4;
const PAYLOAD_SIZE_BYTES = 6;
const HEAD_BYTES = SIZE_BYTES + PAYLOAD_SIZE_BYTES;
/** Longer JSON than any answer has; who announces more doesn't speak this. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;
/** Most messages without their pictures fit. */
const USUAL_BYTES = 16 * 1024;

export interface Message {
  /** What JSON can say. */
  readonly value: unknown;
  readonly payload: Uint8Array;
}

/** Copies no payload: the bytes must stay as they are until the pipe has taken them. */
export function writeMessage(pipe: Writable, value: unknown, payload: readonly Uint8Array[] = []): void {
  const json = JSON.stringify(value);
  const jsonBytes = Buffer.byteLength(json);
  const start = Buffer.allocUnsafe(HEAD_BYTES + jsonBytes);
  start.writeUInt32LE(jsonBytes, 0);
  const payloadBytes = payload.reduce((sum, { byteLength }) => sum + byteLength, 0);
  start.writeUIntLE(payloadBytes, SIZE_BYTES, PAYLOAD_SIZE_BYTES);
  start.write(json, HEAD_BYTES);
  // All parts in one call to the system.
  pipe.cork();
  pipe.write(start);
  for (const bytes of payload) pipe.write(bytes);
  pipe.uncork();
}

/** Puts messages together from bytes as they come: whoever reads asks for `room`, fills it, and says how far. */
export class MessageReader {
  readonly #onMessage: (message: Message) => void;
  /** Everything but payloads. */
  #start: Buffer = Buffer.allocUnsafe(USUAL_BYTES);
  #startBytes = 0;
  /** The JSON of the message whose payload is on its way. */
  #value: unknown;
  #payload: Uint8Array | undefined;
  #payloadBytes = 0;

  /** @param onMessage the payload is its own to keep */
  constructor(onMessage: (message: Message) => void) {
    this.#onMessage = onMessage;
  }

  /** Where the next bytes belong; never empty. */
  get room(): Uint8Array {
    return this.#payload ? this.#payload.subarray(this.#payloadBytes) : this.#start.subarray(this.#startBytes);
  }

  /** So many bytes of `room` have come. Throws for what is no message. */
  filled(bytes: number): void {
    if (this.#payload) {
      this.#payloadBytes += bytes;
      if (this.#payloadBytes < this.#payload.byteLength) return;
      this.#end(this.#payload);
    } else {
      this.#startBytes += bytes;
      this.#readStarts();
    }
  }

  /** Bytes that were read to somewhere else. Throws as `filled`. */
  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.byteLength; ) {
      const { room } = this;
      const part = chunk.subarray(at, at + room.byteLength);
      room.set(part);
      at += part.byteLength;
      this.filled(part.byteLength);
    }
  }

  #readStarts(): void {
    let at = 0;
    while (!this.#payload && this.#startBytes - at >= HEAD_BYTES) {
      const jsonBytes = this.#start.readUInt32LE(at);
      if (jsonBytes > MAX_JSON_BYTES) throw new TwinlensError('INTERNAL', `A message of ${jsonBytes} bytes of JSON.`);
      const jsonAt = at + HEAD_BYTES;
      const end = jsonAt + jsonBytes;
      if (end > this.#startBytes) {
        this.#makeRoom(at, HEAD_BYTES + jsonBytes);
        return;
      }
      const payloadBytes = this.#start.readUIntLE(at + SIZE_BYTES, PAYLOAD_SIZE_BYTES);
      this.#value = JSON.parse(this.#start.toString('utf8', jsonAt, end));
      at = end;
      const here = Math.min(payloadBytes, this.#startBytes - at);
      const payload = new Uint8Array(Buffer.allocUnsafeSlow(payloadBytes).buffer);
      payload.set(this.#start.subarray(at, at + here));
      at += here;
      if (here === payloadBytes) this.#end(payload);
      else {
        this.#payload = payload;
        this.#payloadBytes = here;
      }
    }
    this.#makeRoom(at, USUAL_BYTES);
  }

  /** Lets go of what was read, up to `from`, so that at least `bytes` fit. */
  #makeRoom(from: number, bytes: number): void {
    const whole = bytes > this.#start.byteLength ? Buffer.allocUnsafe(bytes) : this.#start;
    this.#start.copy(whole, 0, from, this.#startBytes);
    this.#startBytes -= from;
    this.#start = whole;
  }

  #end(payload: Uint8Array): void {
    const value = this.#value;
    this.#value = undefined;
    this.#payload = undefined;
    this.#onMessage({ value, payload });
  }
}
