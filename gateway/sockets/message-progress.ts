/**
 * Follows the frames of one WebSocket to know whether a message has begun that has not ended, which `ws` does not tell.
 * Reads heads only and keeps nothing else; what is no valid frame is left to `ws`. Pure but for its own state.
 */

/** Bytes of the longest head: two, a length of eight and a mask of four. */
const MAX_HEAD = 14;
const FIN = 0x80;
const OPCODE = 0x0f;
/** Close, ping and pong; they may come between the frames of a message. */
const FIRST_CONTROL = 0x8;
const MASKED = 0x80;

export class MessageProgress {
  readonly #head = new Uint8Array(MAX_HEAD);
  #headBytes = 0;
  /** Bytes of the present frame that are still to come. */
  #payloadLeft = 0;
  /** A message's frame that was not its last one has begun. */
  #fragmented = false;
  #inFrame = false;

  /** Part of a message, or of a frame of any kind, has come and its rest has not. */
  get incomplete(): boolean {
    return this.#fragmented || this.#inFrame;
  }

  /** Bytes as they came. */
  feed(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= taken;
        at += taken;
        if (this.#payloadLeft > 0) return;
        this.#endFrame();
      } else {
        this.#inFrame = true;
        this.#head[this.#headBytes] = chunk[at] ?? 0;
        this.#headBytes += 1;
        at += 1;
        if (this.#headBytes < headLength(this.#head, this.#headBytes)) continue;
        this.#payloadLeft = payloadLength(this.#head);
        if (this.#payloadLeft === 0) this.#endFrame();
      }
    }
  }

  #endFrame(): void {
    const [first = 0] = this.#head;
    if ((first & OPCODE) < FIRST_CONTROL) this.#fragmented = (first & FIN) === 0;
    this.#headBytes = 0;
    this.#inFrame = false;
  }
}

/** Bytes that a head has, as far as its first `known` bytes tell. */
function headLength(head: Uint8Array, known: number): number {
  if (known < 2) return 2;
  const second = head[1] ?? 0;
  const length = second & ~MASKED;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second & MASKED ? 4 : 0);
}

function payloadLength(head: Uint8Array): number {
  const length = (head[1] ?? 0) & ~MASKED;
  const view = new DataView(head.buffer);
  if (length === 126) return view.getUint16(2);
  // Beyond what a number holds exactly, ws ends the connection.
  return length === 127 ? Number(view.getBigUint64(2)) : length;
}
