import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Message, MessageReader, writeMessage } from './pipe.ts';

const written = (messages: readonly { value: unknown; payload: readonly Uint8Array[] }[]) => {
  const parts: Buffer[] = [];
  const pipe = new Writable({
    write: (part: Buffer, _encoding, done) => {
      parts.push(part);
      done();
    },
  });
  for (const { value, payload } of messages) writeMessage(pipe, value, payload);
  return Buffer.concat(parts);
};

const sizes = fc.oneof(fc.nat(50), fc.nat(60_000));
const message = fc.record({
  value: fc.record({
    text: fc.oneof(
      fc.string({ unit: 'grapheme' }),
      sizes.map((size) => 'ä'.repeat(size)),
    ),
  }),
  payload: fc.array(
    sizes.map((size) => new Uint8Array(size).fill(size)),
    { maxLength: 3 },
  ),
});

describe('messages on a pipe', () => {
  test('come out as they went in, whatever their sizes and wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 70_000 })), (sent, cuts) => {
        const stream = written(sent);
        const got: Message[] = [];
        const reader = new MessageReader((one) => got.push(one));
        let at = 0;
        for (const size of [...cuts, stream.length]) {
          reader.add(stream.subarray(at, at + size));
          at += size;
        }
        expect(got.map(({ value }) => value)).toEqual(sent.map(({ value }) => value));
        expect(got.map(({ payload }) => Buffer.from(payload).toString('base64'))).toEqual(
          sent.map(({ payload }) => Buffer.concat(payload).toString('base64')),
        );
      }),
    );
  });

  test('bytes that are read into its room need no other place', () => {
    const payload = new Uint8Array(100_000).fill(7);
    const stream = written([
      { value: 1, payload: [payload] },
      { value: 2, payload: [] },
    ]);
    const got: Message[] = [];
    const reader = new MessageReader((one) => got.push(one));
    for (let at = 0; at < stream.length; ) {
      const { room } = reader;
      expect(room.byteLength).toBeGreaterThan(0);
      const bytes = stream.copy(room, 0, at, at + Math.min(room.byteLength, 30_000));
      reader.filled(bytes);
      at += bytes;
    }
    expect(got).toEqual([
      { value: 1, payload },
      { value: 2, payload: new Uint8Array() },
    ]);
  });

  test('what is no message is an error', () => {
    const read = (bytes: Uint8Array) => new MessageReader(() => undefined).add(bytes);
    expect(() => read(new Uint8Array(10).fill(255)), 'announces too much').toThrow();
    const noJson = written([{ value: 1, payload: [] }]);
    noJson.fill('{', 10);
    expect(() => read(noJson)).toThrow();
  });
});
