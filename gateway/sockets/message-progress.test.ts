import { describe, expect, test } from 'vitest';
import { Chance } from '../../test/support/random.ts';
import { MessageProgress } from './message-progress.ts';

/** A frame as a client sends it: masked. */
function frame(payload: number, { opcode = 2, fin = true } = {}): Uint8Array {
  const length = payload < 126 ? [payload] : payload < 65_536 ? [126] : [127];
  const head = new Uint8Array(2 + (payload < 126 ? 0 : payload < 65_536 ? 2 : 8) + 4 + payload);
  head[0] = (fin ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (length[0] ?? 0);
  const view = new DataView(head.buffer);
  if (length[0] === 126) view.setUint16(2, payload);
  if (length[0] === 127) view.setBigUint64(2, BigInt(payload));
  return head;
}

const joined = (...frames: Uint8Array[]) => new Uint8Array(Buffer.concat(frames));

describe('a message is incomplete from its first byte to its last', () => {
  test.each([0, 1, 125, 126, 65_535, 65_536, 200_000])('of %i bytes', (payload) => {
    const progress = new MessageProgress();
    const bytes = frame(payload);
    for (const end of [1, 2, 5, bytes.length - 1]) {
      const half = new MessageProgress();
      half.feed(bytes.subarray(0, Math.min(end, bytes.length - 1)));
      expect(half.incomplete).toBe(true);
    }
    progress.feed(bytes);
    expect(progress.incomplete).toBe(false);
  });

  test('in several frames until the last, whatever control frames come between', () => {
    const progress = new MessageProgress();
    progress.feed(frame(10, { fin: false }));
    expect(progress.incomplete).toBe(true);
    progress.feed(frame(4, { opcode: 10 }));
    progress.feed(frame(300, { opcode: 0, fin: false }));
    progress.feed(frame(0, { opcode: 9 }));
    expect(progress.incomplete).toBe(true);
    progress.feed(frame(0, { opcode: 0 }));
    expect(progress.incomplete).toBe(false);
  });

  test('and a pong alone leaves nothing behind', () => {
    const progress = new MessageProgress();
    progress.feed(frame(4, { opcode: 10 }));
    expect(progress.incomplete).toBe(false);
  });
});

test('how the bytes are cut makes no difference', () => {
  const bytes = joined(
    frame(3),
    frame(70_000),
    frame(200, { fin: false }),
    frame(5, { opcode: 9 }),
    frame(1000, { opcode: 0 }),
    frame(0),
  );
  const chance = new Chance(7);
  for (let round = 0; round < 200; round += 1) {
    const progress = new MessageProgress();
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + Math.floor(chance.next() ** 4 * 20_000);
      progress.feed(bytes.subarray(at, end));
      at = end;
    }
    expect(progress.incomplete).toBe(false);
    progress.feed(frame(9).subarray(0, 3));
    expect(progress.incomplete).toBe(true);
  }
});
