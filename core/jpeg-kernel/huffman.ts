/**
 * Huffman decoding of one block (ITU-T T.81, F.2.2). A table answers for the next LOOK bits at once: mostly with a
 * whole coefficient, code and value bits together.
 *
 * An entry of a table: bits 0 to 7 how many bits it takes, 8 to 15 the symbol (run and size), 16 to 31 the value,
 * signed; value 0: only the code fits into the bits looked at; all 0: not even that.
 */
import { bits, held, keepBits, next } from './bits';
import { block } from './regions';

const LOOK = 10;
export const CODE_LOOK = LOOK;
/** Coefficients that the table knows in full and that, with a code more to look at, fit into the 56 bits that are loaded. */
const AT_ONCE = 4;
/** Then for each length of a code: where codes longer than it begin, in 16 bits; and what to add to find its symbol. */
const LIMITS: usize = 4 << LOOK;
const OFFSETS: usize = LIMITS + 17 * 4;
const SYMBOLS: usize = OFFSETS + 17 * 4;

/** Bytes of a table. */
export const TABLE_BYTES: usize = SYMBOLS + 256;

/** Of what `decodeBlock` gives: the block has no more. */
export const ENDED = 128;

/** Where a coefficient's place in the file is in the block; what lies past the last one falls upon it. */
export const places: usize = memory.data<u8>([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
]);

/** Factors of coefficients, from the order of the file (64 bytes) to that of the block (64 i16). */
export function spreadQuants(file: usize, quants: usize): void {
  for (let at: usize = 0; at < 64; at += 1) {
    store<i16>(quants + ((<usize>load<u8>(places + at)) << 1), load<u8>(file + at));
  }
}

/** A code or a run that no encoder writes was met. */
export let isBroken: bool = false;

export function forgetBroken(): void {
  isBroken = false;
}

export function markBroken(): void {
  isBroken = true;
}

/** The number that `size` bits stand for (F.2.2.1, EXTEND). */
export function extended(value: i32, size: i32): i32 {
  return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/** The entry for `look`, whose first `length` bits are the code of `symbol`. */
function entryOf(look: i32, length: i32, symbol: i32): i32 {
  const size = symbol & 15;
  const code = (symbol << 8) | length;
  if (size === 0 || length + size > LOOK) return code;
  const value = (look >> (LOOK - length - size)) & ((1 << size) - 1);
  return (extended(value, size) << 16) | (((symbol >> 4) + 1) << 8) | (length + size);
}

/**
 * @param counts 16 bytes: codes of each length, 1 to 16
 * @param symbols a byte each, at most 256
 * False: the lengths are no code.
 */
export function buildTable(table: usize, counts: usize, symbols: usize): bool {
  memory.fill(table, 0, SYMBOLS);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length += 1) {
    const count = <i32>load<u8>(counts + length - 1);
    if (code + count > 1 << length || index + count > 256) return false;
    store<i32>(table + OFFSETS + ((<usize>length) << 2), index - code);
    for (let end = index + count; index < end; index += 1, code += 1) {
      const symbol = load<u8>(symbols + index);
      store<u8>(table + SYMBOLS + index, symbol);
      if (length > LOOK) continue;
      const first = code << (LOOK - length);
      for (let look = first; look < first + (1 << (LOOK - length)); look += 1) {
        store<i32>(table + ((<usize>look) << 2), entryOf(look, length, symbol));
      }
    }
    store<i32>(table + LIMITS + ((<usize>length) << 2), code << (16 - length));
    code <<= 1;
  }
  return true;
}

/** The entry for the bits that come next, of which enough are held. */
export function nextEntry(table: usize): i32 {
  const entry = load<i32>(table + ((<usize>(bits >> (64 - LOOK))) << 2));
  return entry === 0 ? longEntry(table, bits) : entry;
}

/** The entry, without a value, of a code longer than LOOK bits. */
export function longEntry(table: usize, left: u64): i32 {
  const look = <i32>(left >> 48);
  for (let length = LOOK + 1; length <= 16; length += 1) {
    if (look >= load<i32>(table + LIMITS + ((<usize>length) << 2))) continue;
    const index = load<i32>(table + OFFSETS + ((<usize>length) << 2)) + (look >> (16 - length));
    return ((<i32>load<u8>(table + SYMBOLS + index)) << 8) | length;
  }
  isBroken = true;
  return 1; // No run, no size: ends the block.
}

/**
 * The coefficients of the next block, into the block, which is all 0 before. `needBlock` has been called.
 * @param dc the DC coefficient of the component's block before
 * @param last the place in the file of the last one that is wanted; a few more may come
 * Gives the place of the last one that was read and isn't 0 (0: there is none but the DC coefficient), with ENDED where
 * the file says that none follows.
 */
export function decodeBlock(dcTable: usize, acTable: usize, dc: i32, last: i32): i32 {
  let at = next;
  let valid = held;
  let left = bits | (load<u64>(at - 7) >> valid);
  at -= (63 - valid) >> 3;
  valid |= 56;
  let entry = load<i32>(dcTable + ((<usize>(left >> (64 - LOOK))) << 2));
  if (entry === 0) entry = longEntry(dcTable, left);
  let value = entry >> 16;
  left <<= entry;
  valid -= entry & 63;
  if (value === 0) {
    const size = (entry >> 8) & 15;
    if (size > 0) {
      value = extended(<i32>(left >> (64 - size)), size);
      left <<= size;
      valid -= size;
    }
  }
  store<i16>(block(), dc + value);

  let place = places;
  const lastPlace = places + <usize>last;
  while (place < lastPlace) {
    left |= load<u64>(at - 7) >> valid;
    at -= (63 - valid) >> 3;
    valid |= 56;
    let more = AT_ONCE;
    do {
      entry = load<i32>(acTable + ((<usize>(left >> (64 - LOOK))) << 2));
      value = entry >> 16;
      if (value === 0) break;
      left <<= entry;
      valid -= entry & 63;
      place += (entry >> 8) & 255;
      store<i16>(block() + ((<usize>load<u8>(place)) << 1), value);
      more -= 1;
    } while (more > 0 && place < lastPlace);
    if (value !== 0) continue;

    left |= load<u64>(at - 7) >> valid;
    at -= (63 - valid) >> 3;
    valid |= 56;
    if (entry === 0) entry = longEntry(acTable, left);
    left <<= entry;
    valid -= entry & 63;
    const run = (entry >> 12) & 15;
    const size = (entry >> 8) & 15;
    if (size === 0) {
      if (run < 15) {
        keepBits(left, valid, at);
        return <i32>(place - places) | ENDED;
      }
      place += 16;
      continue;
    }
    value = extended(<i32>(left >> (64 - size)), size);
    left <<= size;
    valid -= size;
    place += run + 1;
    store<i16>(block() + ((<usize>load<u8>(place)) << 1), value);
  }
  keepBits(left, valid, at);
  return <i32>(place - places);
}
