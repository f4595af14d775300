/**
 * The least of a WebSocket client that a generator of load needs: the handshake, masked frames whose payload is masked
 * beforehand, and the texts that come back. Costs a fraction of what `ws` does, which the gateway then has for itself,
 * and one of ten thousand of them is little more than its TCP socket. Only loopback.
 */
// @ts-check
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { withComment } from '../scripts/steady-load.mjs';

const HANDSHAKE_MS = 10_000;
/** One key for all: what matters is that the gateway has to unmask. */
const MASK = Buffer.from([0x5a, 0xa5, 0x3c, 0xc3]);
const BINARY = 0x82;
const TEXT = 0x81;
const OPCODE = 0x0f;
const TEXT_OPCODE = TEXT & OPCODE;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0x8a;
const ID_DIGITS = 10;
/** Where `withComment` puts the number that makes a JPEG another one. */
const COMMENT_AT = 6;

/** @param {Buffer} bytes in place @param {number} [phase] bytes of the payload before them */
function mask(bytes, phase = 0) {
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = (bytes[at] ?? 0) ^ (MASK[(at + phase) & 3] ?? 0);
  return bytes;
}

/** @param {number} opcode @param {number} length of the payload */
function head(opcode, length) {
  const size = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const bytes = Buffer.alloc(2 + size + MASK.length);
  bytes[0] = opcode;
  bytes[1] = 0x80 | (size === 0 ? length : size === 2 ? 126 : 127);
  if (size === 2) bytes.writeUInt16BE(length, 2);
  else if (size === 8) bytes.writeBigUInt64BE(BigInt(length), 2);
  MASK.copy(bytes, 2 + size);
  return bytes;
}

/** A message of text, as a whole frame. @param {object} message */
export function textFrame(message) {
  const payload = mask(Buffer.from(JSON.stringify(message)));
  return Buffer.concat([head(TEXT, payload.length), payload]);
}

/** The head of a frame of so many bytes that never come. @param {number} length */
export const headOfFrame = (length) => head(BINARY, length);

const digits = (/** @type {number} */ number) => String(number).padStart(ID_DIGITS, '0');

/** @typedef {(number: number) => readonly Buffer[]} FrameMaker a frame with `number` as its id, in parts */

/**
 * Frames that ask for one picture, masked but for the id, and, for a JPEG, for a comment that makes each another one.
 * Of each frame only the beginning is its own; what is the same in all of them is not copied.
 * @param {Buffer} bytes @param {object} image its descriptor @param {{more?: object, same?: boolean}} [options]
 * @returns {FrameMaker}
 */
export function frameMaker(bytes, image, { more = {}, same = false } = {}) {
  const jpeg = 'width' in image || same ? undefined : withComment(bytes, 0);
  const body = jpeg ?? bytes;
  const json = Buffer.from(JSON.stringify({ type: 'classify', id: digits(0), image, ...more }));
  const idAt = 4 + json.indexOf(digits(0));
  const payload = Buffer.concat([Buffer.alloc(4), json, body]);
  payload.writeUInt32LE(json.length);
  const commentAt = 4 + json.length + COMMENT_AT;
  const frame = Buffer.concat([head(BINARY, payload.length), mask(payload)]);
  const start = frame.length - payload.length;
  const ownBytes = start + (jpeg ? commentAt : idAt) + ID_DIGITS;
  const beginning = frame.subarray(0, ownBytes);
  const rest = frame.subarray(ownBytes);
  return (number) => {
    const own = Buffer.from(beginning);
    own.set(mask(Buffer.from(digits(number)), idAt), start + idAt);
    if (jpeg) own.set(mask(Buffer.from(digits(number)), commentAt), start + commentAt);
    return [own, rest];
  };
}

/**
 * @typedef {object} SocketClient
 * @property {(...parts: readonly Buffer[]) => void} send a frame
 * @property {() => void} end
 */

/**
 * Resolves when the handshake is done.
 * @param {number} port @param {(text: string) => void} onText @param {() => void} onEnd when it is closed, by whomever
 * @returns {Promise<SocketClient>}
 */
export function openSocket(port, onText, onEnd) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let open = false;
    /** @type {Buffer} */
    let rest = Buffer.alloc(0);
    const late = setTimeout(() => socket.destroy(new Error('The handshake took too long.')), HANDSHAKE_MS);
    socket.once('connect', () => {
      const lines = [
        'GET /v1/stream HTTP/1.1',
        `host: 127.0.0.1:${port}`,
        'connection: Upgrade',
        'upgrade: websocket',
        'sec-websocket-version: 13',
        `sec-websocket-key: ${randomBytes(16).toString('base64')}`,
        'sec-websocket-protocol: twinlens.v1',
      ];
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    });
    socket.on('data', (part) => {
      rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
      if (!open) {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!rest.subarray(0, end).toString('latin1').startsWith('HTTP/1.1 101')) {
          socket.destroy(new Error(rest.toString('latin1').split('\r\n')[0]));
          return;
        }
        open = true;
        clearTimeout(late);
        rest = rest.subarray(end + 4);
        const send = (/** @type {readonly Buffer[]} */ ...parts) => {
          socket.cork();
          for (const part of parts) socket.write(part);
          socket.uncork();
        };
        resolve({ send, end: () => socket.destroy() });
      }
      rest = readFrames(rest, (opcode, payload) => {
        if (opcode === TEXT_OPCODE) onText(payload.toString('utf8'));
        else if (opcode === PING) socket.write(head(PONG, 0));
        else if (opcode === CLOSE) socket.destroy();
      });
    });
    socket.on('error', (error) => reject(error));
    socket.once('close', () => {
      clearTimeout(late);
      if (open) onEnd();
      else reject(new Error('The connection was closed during the handshake.'));
    });
  });
}

/** @param {Buffer} bytes @param {(opcode: number, payload: Buffer) => void} onFrame @returns {Buffer} what is left */
function readFrames(bytes, onFrame) {
  let at = 0;
  for (;;) {
    if (bytes.length < at + 2) break;
    const opcode = (bytes[at] ?? 0) & OPCODE;
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const size = short < 126 ? 0 : short === 126 ? 2 : 8;
    if (bytes.length < at + 2 + size) break;
    const length = size === 0 ? short : size === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    const from = at + 2 + size;
    if (bytes.length < from + length) break;
    onFrame(opcode, bytes.subarray(from, from + length));
    at = from + length;
  }
  return at === 0 ? bytes : bytes.subarray(at);
}
