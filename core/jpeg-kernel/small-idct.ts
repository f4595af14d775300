/**
 * Blocks at a half or a quarter of their size: the inverse cosine transform of 4 or 2 points an axis over the lowest
 * 4 or 2 coefficients, which is what band-limited samples at that size are. With 8 coefficients of an orthonormal
 * transform (T.81, A.3.3) and N points the samples are N/8 of the orthonormal one of N; the whole numbers are those of
 * idct.ts: 13 bits of constants, 2 bits more between the passes.
 */
import { block } from './regions';
import { lowPairs } from './shuffles';

const EVEN_SUM = i16x8(8192, 8192, 8192, 8192, 8192, 8192, 8192, 8192);
const EVEN_DIFFERENCE = i16x8(8192, -8192, 8192, -8192, 8192, -8192, 8192, -8192);
/** round(sqrt(2) * cos(pi / 8) * 2^13) and round(sqrt(2) * cos(3 * pi / 8) * 2^13). */
const ODD_OUTER = i16x8(10703, 4433, 10703, 4433, 10703, 4433, 10703, 4433);
const ODD_INNER = i16x8(4433, -10703, 4433, -10703, 4433, -10703, 4433, -10703);

const FIRST_SHIFT = 11;
const SECOND_SHIFT = 18;

function dequantized(quants: usize, row: usize): v128 {
  return i16x8.mul(v128.load64_zero(block() + (row << 4)), v128.load64_zero(quants + (row << 4)));
}

/** Of a pass, two vectors: its first two rows, four numbers each, and its last two. */
let upper: v128 = i64x2.splat(0);
let lower: v128 = i64x2.splat(0);

function pass(pairs02: v128, pairs13: v128, half: i32, shift: i32): void {
  const sum = i32x4.add(i32x4.dot_i16x8_s(pairs02, EVEN_SUM), i32x4.splat(half));
  const difference = i32x4.add(i32x4.dot_i16x8_s(pairs02, EVEN_DIFFERENCE), i32x4.splat(half));
  const outer = i32x4.dot_i16x8_s(pairs13, ODD_OUTER);
  const inner = i32x4.dot_i16x8_s(pairs13, ODD_INNER);
  upper = i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.add(sum, outer), shift),
    i32x4.shr_s(i32x4.add(difference, inner), shift),
  );
  lower = i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.sub(difference, inner), shift),
    i32x4.shr_s(i32x4.sub(sum, outer), shift),
  );
}

/** Four samples a row, into four rows of `target`. `quants`: 64 i16, in the block's order. */
export function transformToFour(quants: usize, target: usize, stride: usize): void {
  pass(
    lowPairs(dequantized(quants, 0), dequantized(quants, 2)),
    lowPairs(dequantized(quants, 1), dequantized(quants, 3)),
    1 << (FIRST_SHIFT - 1),
    FIRST_SHIFT,
  );
  // Rows become columns, in the pairs that the next pass takes: 0 with 2, 1 with 3.
  const first = upper;
  const second = lower;
  pass(
    i16x8.shuffle(first, second, 0, 2, 4, 6, 8, 10, 12, 14),
    i16x8.shuffle(first, second, 1, 3, 5, 7, 9, 11, 13, 15),
    1 << (SECOND_SHIFT - 1),
    SECOND_SHIFT,
  );
  // And columns rows, now of bytes.
  const columns = v128.xor(i8x16.narrow_i16x8_s(upper, lower), i8x16.splat(-128));
  const rows = i8x16.shuffle(columns, columns, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  v128.store32_lane(target, rows, 0);
  v128.store32_lane(target + stride, rows, 1);
  v128.store32_lane(target + (stride << 1), rows, 2);
  v128.store32_lane(target + stride * 3, rows, 3);
}

function coefficient(quants: usize, at: usize): i32 {
  return <i32>load<i16>(block() + (at << 1)) * <i32>load<i16>(quants + (at << 1));
}

function sample(sum: i32): u8 {
  return <u8>max(0, min(255, ((sum + 4) >> 3) + 128));
}

/** Two samples a row, into two rows of `target`. */
export function transformToTwo(quants: usize, target: usize, stride: usize): void {
  const mean = coefficient(quants, 0);
  const across = coefficient(quants, 1);
  const down = coefficient(quants, 8);
  const both = coefficient(quants, 9);
  store<u8>(target, sample(mean + across + down + both));
  store<u8>(target + 1, sample(mean - across + down - both));
  store<u8>(target + stride, sample(mean + across - down - both));
  store<u8>(target + stride + 1, sample(mean - across - down + both));
}
