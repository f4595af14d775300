/**
 * Passing over the rest of a block's coefficients, which a picture at a part of its size doesn't need: a table tells
 * for the next LOOK bits how many whole coefficients lie in them, so that several are passed at once.
 *
 * An entry, 16 bits: 0 to 3 how many bits they take (0: not one code lies in them), 4 to 9 how many places they fill,
 * 10 whether the block ends with them.
 */
import { bits, held, keepBits, next } from './bits';
import { CODE_LOOK, longEntry } from './huffman';

const LOOK = 13;
const ENDS = 1 << 10;
const LAST_PLACE = 63;
/** Looks that fit into the 56 bits that are loaded. */
const AT_ONCE = 4;

/** Bytes of a table. */
export const SKIPS_BYTES: usize = 2 << LOOK;

function skipOf(acTable: usize, look: i32): u16 {
  let taken = 0;
  let filled = 0;
  while (true) {
    const rest = (look << taken) & ((1 << LOOK) - 1);
    const entry = load<i32>(acTable + ((<usize>(rest >> (LOOK - CODE_LOOK))) << 2));
    if (entry === 0) break;
    const isWhole = entry >> 16 !== 0;
    const size = isWhole ? 0 : (entry >> 8) & 15;
    const length = (entry & 255) + size;
    if (taken + length > LOOK) break;
    const isEnd = !isWhole && size === 0 && ((entry >> 12) & 15) < 15;
    if (isEnd) return <u16>((taken + length) | (filled << 4) | ENDS);
    const places = isWhole ? (entry >> 8) & 255 : ((entry >> 12) & 15) + 1;
    if (filled + places > LAST_PLACE) break;
    taken += length;
    filled += places;
  }
  return <u16>(taken | (filled << 4));
}

/** `acTable`: one that `buildTable` made. */
export function buildSkips(acTable: usize, skips: usize): void {
  for (let look = 0; look < 1 << LOOK; look += 1) store<u16>(skips + ((<usize>look) << 1), skipOf(acTable, look));
}

/** Goes on where `decodeBlock` stopped at `place`, to the block's end. */
export function skipBlock(acTable: usize, skips: usize, from: i32): void {
  let place = from;
  let at = next;
  let valid = held;
  let left = bits;
  while (place < LAST_PLACE) {
    left |= load<u64>(at - 7) >> valid;
    at -= (63 - valid) >> 3;
    valid |= 56;
    let more = AT_ONCE;
    do {
      const skip = <i32>load<u16>(skips + ((<usize>(left >> (64 - LOOK))) << 1));
      const taken = skip & 15;
      const filled = (skip >> 4) & 63;
      // Behind the last place there is no code for an end: what follows is the next block's.
      if (taken === 0 || place + filled >= LAST_PLACE) break;
      left <<= taken;
      valid -= taken;
      place += filled;
      if (skip >= ENDS) {
        keepBits(left, valid, at);
        return;
      }
      more -= 1;
    } while (more > 0);
    if (more === 0) continue;

    left |= load<u64>(at - 7) >> valid;
    at -= (63 - valid) >> 3;
    valid |= 56;
    let entry = load<i32>(acTable + ((<usize>(left >> (64 - CODE_LOOK))) << 2));
    if (entry === 0) entry = longEntry(acTable, left);
    const isWhole = entry >> 16 !== 0;
    const size = isWhole ? 0 : (entry >> 8) & 15;
    left <<= (entry & 63) + size;
    valid -= (entry & 63) + size;
    if (isWhole) place += (entry >> 8) & 255;
    else if (size > 0) place += ((entry >> 12) & 15) + 1;
    else if (((entry >> 12) & 15) === 15) place += 16;
    else break;
  }
  keepBits(left, valid, at);
}
