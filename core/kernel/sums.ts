/**
 * Sums of weighted samples. A weight of 22 bits comes as two halves that fit in 16: weight = high * 2^11 + low,
 * 0 <= low < 2^11. i32x4.dot multiplies two taps at once, and (sum of high << 11) + sum of low is the reference's sum,
 * modulo 2^32 as there.
 */

const SPLIT_BITS: i32 = 11;
const PRECISION_BITS: i32 = 22;
export const ROUNDING: i32 = 1 << 21;

/** Four sums, of which the low one began with `ROUNDING`; clipped to bytes by the packing that follows. */
export function settle(high: v128, low: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.shl(high, SPLIT_BITS), low), PRECISION_BITS);
}

export function clip(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}
