/** The memory that the decoder works in, from the module's own data on; what lies above `free` is its caller's. */

export const BUFFER_BYTES: usize = 1 << 14;
/** A vector may be written across the end of a region. */
const ROOM: usize = 64;

const BLOCK_BYTES: usize = 128;
const SUMS_BYTES: usize = 256;
export const COMPONENT_BYTES: usize = 40;

/** What `bits` unstuffs into. */
export function buffer(): usize {
  return (__heap_base + ROOM + 15) & ~15;
}

/** 64 coefficients, i16. */
export function block(): usize {
  return buffer() + BUFFER_BYTES + ROOM;
}

/** Of a pass over them, i32. */
export function sums(): usize {
  return block() + BLOCK_BYTES;
}

/** Room for three, one behind the other. */
export function components(): usize {
  return sums() + SUMS_BYTES;
}

export function free(): usize {
  return components() + 3 * COMPONENT_BYTES;
}
