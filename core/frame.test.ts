import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TwinlensError } from './errors.ts';
import { decodeClassifyFrame, encodeClassifyFrame, MAX_HEADER_BYTES } from './frame.ts';
import type { ClassifyMessage } from './protocol.ts';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`frame: FUZZ_SEED=${seed}`);
const options = { seed, numRuns: 2_000 } as const;

const message: ClassifyMessage = { type: 'classify', id: 'a-1', top: 3, image: { encoding: 'png' } };

/** A frame with this header text, whatever it says. */
function framed(header: string | Uint8Array, payload: readonly number[] = [1, 2, 3], length?: number): Uint8Array {
  const bytes = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const frame = new Uint8Array(4 + bytes.length + payload.length);
  new DataView(frame.buffer).setUint32(0, length ?? bytes.length, true);
  frame.set(bytes, 4);
  frame.set(payload, 4 + bytes.length);
  return frame;
}

function refusal(frame: Uint8Array): TwinlensError | undefined {
  try {
    decodeClassifyFrame(frame);
    return undefined;
  } catch (error) {
    if (!(error instanceof TwinlensError)) throw error;
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message.length).toBeLessThan(8_000);
    return error;
  }
}

describe('a frame', () => {
  test('that was written is read the same, wherever it lies in its buffer', () => {
    const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(id, fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 9 }), (given, payload, offset) => {
        const frame = encodeClassifyFrame({ ...message, id: given }, payload);
        const moved = new Uint8Array(frame.length + offset + 5).fill(255);
        moved.set(frame, offset);
        const read = decodeClassifyFrame(moved.subarray(offset, offset + frame.length));
        expect(read.message).toEqual({ ...message, id: given });
        expect([...read.payload]).toEqual([...payload]);
      }),
      options,
    );
  });

  test('starts with the length of its header, little-endian', () => {
    const frame = encodeClassifyFrame(message, Uint8Array.of(9));
    const header = new TextEncoder().encode(JSON.stringify(message));
    expect([...frame]).toEqual([header.length, 0, 0, 0, ...header, 9]);
  });

  test('is not copied when read', () => {
    const frame = encodeClassifyFrame(message, Uint8Array.of(1, 2, 3));
    expect(decodeClassifyFrame(frame).payload.buffer).toBe(frame.buffer);
  });

  test('may have no payload', () => {
    expect(decodeClassifyFrame(encodeClassifyFrame(message, new Uint8Array())).payload).toHaveLength(0);
  });

  const json = JSON.stringify(message);
  test.each([
    ['no bytes', new Uint8Array(), /starts with a 4-byte header length; this one has 0 bytes/],
    ['three bytes', Uint8Array.of(0, 0, 0), /this one has 3 bytes/],
    ['an empty header', framed(''), /not valid JSON/],
    ['a header that ends beyond the frame', framed(json, [], json.length + 1), /it has \d+ bytes in all/],
    ['a header of 4 GB', framed(json, [], 0xffffffff), /4294967295 bytes/],
    ['a header that is too long', framed(json + ' '.repeat(MAX_HEADER_BYTES)), /at most 16384/],
    ['a header that is cut', framed(json, [], json.length - 1), /not valid JSON/],
    ['a header that takes in payload', framed(json, [0x7b, 1], json.length + 1), /not valid JSON/],
    ['a header that is not UTF-8', framed(Uint8Array.of(0x22, 0xff, 0x22)), /not UTF-8/],
    ['an unknown field', framed(JSON.stringify({ ...message, extra: 1 })), /"extra"/],
    ['NaN top', framed('{"type":"classify","id":"1","top":NaN,"image":{"encoding":"png"}}'), /not valid JSON/],
    ['null top', framed('{"type":"classify","id":"1","top":null,"image":{"encoding":"png"}}'), /top/],
    ['another message', framed('{"type":"ping","id":"1"}'), /send ping as text/],
  ])('is refused: %s', (_title, frame, expected) => {
    expect(refusal(frame)?.message).toMatch(expected);
  });

  test('with a header of just the allowed length is read', () => {
    const padded = json + ' '.repeat(MAX_HEADER_BYTES - json.length);
    expect(decodeClassifyFrame(framed(padded)).message).toEqual(message);
    expect(refusal(framed(`${padded} `))).toBeDefined();
  });

  test('of random bytes is read or refused with INVALID_ARGUMENT', () => {
    const short = fc.uint8Array({ maxLength: 64 });
    const withLength = fc.uint8Array({ maxLength: 64 }).map((bytes) => framed(bytes));
    fc.assert(
      fc.property(fc.oneof(short, withLength), (frame) => {
        refusal(frame);
      }),
      options,
    );
  });

  test('with changed, lost or added bytes is read or refused with INVALID_ARGUMENT', () => {
    const whole = encodeClassifyFrame(message, Uint8Array.of(1, 2, 3, 4));
    const change = fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.nat({ max: whole.length }), (changes, end) => {
        const frame = whole.slice();
        for (const [at, value] of changes) frame[at] = value;
        refusal(frame);
        refusal(frame.subarray(0, end));
        refusal(frame.subarray(end));
      }),
      options,
    );
  });
});
