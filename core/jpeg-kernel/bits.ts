/**
 * The bits of a scan: takes the stuffed zeros out of the file's bytes, a part at a time, and stops at a marker (ITU-T
 * T.81, B.1.1.5 and F.1.2.3). Past the last bit come zeros, which are counted: no file, however broken, makes it read
 * elsewhere.
 *
 * The buffer runs backwards, the next byte at the highest address: so loading a number gives it with its first byte
 * highest, as the file means it.
 */
import { BUFFER_BYTES, buffer } from './regions';

/** In the buffer: the byte that comes next after filling, and the last one before it counts as full. */
const TOP: usize = BUFFER_BYTES - 1;
const BOTTOM: usize = 64;
/** Bytes that a block can take at most: 64 codes of 16 bits with 15 more, and what is loaded at once. */
const ENOUGH: usize = 264;

const BACKWARDS = i8x16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

/** The next bits, the first of them highest, of which `held` count: what a block works with, and puts back. */
export let bits: u64 = 0;
export let held: i32 = 0;
/** Address of the next byte to load, and the one below the last that may be. */
export let next: usize = 0;
let end: usize = 0;

/** Of the file, what is still to be unstuffed. */
let source: usize = 0;
let sourceEnd: usize = 0;
let atMarker: bool = false;
/** Zeros behind the file's last byte, so far. */
let padding: i32 = 0;

export function openBits(at: usize, until: usize): void {
  source = at;
  sourceEnd = until;
  restart();
}

function restart(): void {
  bits = 0;
  held = 0;
  next = buffer() + TOP;
  end = next;
  atMarker = false;
  padding = 0;
}

/** To be called before a block: whatever it takes is there then. */
export function needBlock(): void {
  if (next - end < ENOUGH) fill();
}

function fill(): void {
  const kept = next - end;
  const top = buffer() + TOP;
  memory.copy(top - kept + 1, end + 1, kept);
  let to = top - kept;
  next = top;
  while (!atMarker && to >= buffer() + BOTTOM) {
    if (source + 16 <= sourceEnd) {
      const bytes = v128.load(source);
      v128.store(to - 15, i8x16.swizzle(bytes, BACKWARDS));
      const marks = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(-1)));
      const plain: usize = marks === 0 ? 16 : ctz(marks);
      source += plain;
      to -= plain;
      if (marks === 0) continue;
    }
    if (source + 1 >= sourceEnd) {
      atMarker = true; // The file ends where a marker should be; whoever looks for one finds none.
    } else if (load<u8>(source) !== 0xff) {
      store<u8>(to, load<u8>(source));
      source += 1;
      to -= 1;
    } else if (load<u8>(source, 1) === 0) {
      store<u8>(to, 0xff);
      source += 2;
      to -= 1;
    } else {
      atMarker = true;
    }
  }
  end = to;
  // While there is less than enough, there is room for more.
  const missing = <i32>ENOUGH - <i32>(next - end);
  if (atMarker && missing > 0) {
    end -= missing;
    memory.fill(end + 1, 0, missing);
    padding += missing;
  }
}

/** Puts back what a block worked with. */
export function keepBits(left: u64, valid: i32, at: usize): void {
  bits = left;
  held = valid;
  next = at;
}

/** Loads what fits: 56 bits or more are held then. */
export function refill(): void {
  bits |= load<u64>(next - 7) >> held;
  next -= (63 - held) >> 3;
  held |= 56;
}

/** `count`: no more than are held, and below 64. */
export function drop(count: i32): void {
  bits <<= count;
  held -= count;
}

/** The number that the next `count` bits are, of those that are held; 0 of none. */
export function take(count: i32): i32 {
  if (count === 0) return 0;
  const value = <i32>(bits >> (64 - count));
  drop(count);
  return value;
}

/** The next bit; loads more by itself. */
export function takeBit(): i32 {
  if (held === 0) refill();
  return take(1);
}

/** Bits before the marker that are not read yet; below 0: more were read than there are. */
function unread(): i32 {
  return held + (<i32>(next - end) - padding) * 8;
}

export function isOverrun(): bool {
  return unread() < 0;
}

/** Whether no bits are left and none can follow, as the file ends without a marker. */
export function isCutShort(): bool {
  return atMarker && source + 1 >= sourceEnd && unread() < 8;
}

/** Whether all bits before the marker are read, but those that fill up the last byte. */
export function isSpent(): bool {
  needBlock();
  const left = unread();
  return atMarker && left >= 0 && left < 8;
}

/** The second byte of the marker where the bits end; 0: the file ends there. */
export function marker(): u32 {
  return source + 1 < sourceEnd ? load<u8>(source, 1) : 0;
}

/** Goes on after a marker that has no length. */
export function skipMarker(): void {
  source += 2;
  restart();
}
