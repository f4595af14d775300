/** The vertical pass of the resize: rows of bytes, whatever they mean, brought to a number of rows. */
import { clip, ROUNDING, settle } from './sums';

/**
 * Rows `begin` to `end` of the result, `width` bytes each, one behind the other from `target` on. `source`: the row
 * `held`; `firsts`: the row at which a row's taps begin, i32. `taps` is even.
 */
export function vertical(
  source: usize,
  sourceStride: usize,
  held: i32,
  firsts: usize,
  high: usize,
  low: usize,
  taps: usize,
  begin: i32,
  end: i32,
  width: usize,
  target: usize,
): void {
  const toLow = low - high;
  for (let y = begin; y < end; y += 1, target += width) {
    const line = source + <usize>(load<i32>(firsts + ((<usize>y) << 2)) - held) * sourceStride;
    const begins = high + <usize>y * (taps << 1);
    const ends = begins + (taps << 1);
    for (let x: usize = 0; x < width; x += 16) {
      let high0 = i32x4.splat(0);
      let high1 = i32x4.splat(0);
      let high2 = i32x4.splat(0);
      let high3 = i32x4.splat(0);
      let low0 = i32x4.splat(ROUNDING);
      let low1 = i32x4.splat(ROUNDING);
      let low2 = i32x4.splat(ROUNDING);
      let low3 = i32x4.splat(ROUNDING);
      let at = line + x;
      for (let weights = begins; weights < ends; weights += 4) {
        const upper = v128.load(at);
        const lower = v128.load(at + sourceStride);
        at += sourceStride << 1;
        const highs = v128.load32_splat(weights);
        const lows = v128.load32_splat(weights + toLow);
        const left = i8x16.shuffle(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const right = i8x16.shuffle(upper, lower, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        const pairs0 = i16x8.extend_low_i8x16_u(left);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(pairs0, highs));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(pairs0, lows));
        const pairs1 = i16x8.extend_high_i8x16_u(left);
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(pairs1, highs));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(pairs1, lows));
        const pairs2 = i16x8.extend_low_i8x16_u(right);
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(pairs2, highs));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(pairs2, lows));
        const pairs3 = i16x8.extend_high_i8x16_u(right);
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(pairs3, highs));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(pairs3, lows));
      }
      const bytes = clip(settle(high0, low0), settle(high1, low1), settle(high2, low2), settle(high3, low3));
      v128.store(target + x, bytes);
    }
  }
}
