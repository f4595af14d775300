/** The horizontal pass of the resize: rows of RGB, or of one byte a pixel, each brought to a number of columns. */
import { clip, ROUNDING, settle } from './sums';

/** Of four RGB pixels the first two, the last two, as pairs of 16 bits a channel: what one dot takes. */
const FIRST_PAIR = i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
const SECOND_PAIR = i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);

/**
 * `rows` rows of RGB, each brought to `columns` pixels. `firsts`: the byte at which a column's taps begin, i32.
 * `high`, `low`: `taps` halves a column, i16; `taps` is even.
 */
export function horizontalRgb(
  source: usize,
  sourceStride: usize,
  rows: i32,
  firsts: usize,
  high: usize,
  low: usize,
  taps: usize,
  columns: usize,
  target: usize,
  targetStride: usize,
): void {
  for (let row = 0; row < rows; row += 4) {
    // Four rows share the weights that are read. Past the last row the last one is done again.
    const last = rows - 1;
    const source0 = source + <usize>row * sourceStride;
    const source1 = source + <usize>min(row + 1, last) * sourceStride;
    const source2 = source + <usize>min(row + 2, last) * sourceStride;
    const source3 = source + <usize>min(row + 3, last) * sourceStride;
    let target0 = target + <usize>row * targetStride;
    let target1 = target + <usize>min(row + 1, last) * targetStride;
    let target2 = target + <usize>min(row + 2, last) * targetStride;
    let target3 = target + <usize>min(row + 3, last) * targetStride;
    let weights = high;
    const toLow = low - high;
    const inFours = (taps & ~3) << 1;
    const hasPair = (taps & 2) > 0;
    for (let x: usize = 0; x < columns; x += 1) {
      let at: usize = load<i32>(firsts + (x << 2));
      let high0 = i32x4.splat(0);
      let high1 = i32x4.splat(0);
      let high2 = i32x4.splat(0);
      let high3 = i32x4.splat(0);
      let low0 = i32x4.splat(ROUNDING);
      let low1 = i32x4.splat(ROUNDING);
      let low2 = i32x4.splat(ROUNDING);
      let low3 = i32x4.splat(ROUNDING);
      const end = weights + inFours;
      for (; weights < end; weights += 8, at += 12) {
        const pixels0 = v128.load(source0 + at);
        const pixels1 = v128.load(source1 + at);
        const pixels2 = v128.load(source2 + at);
        const pixels3 = v128.load(source3 + at);
        const highFirst = v128.load32_splat(weights);
        const lowFirst = v128.load32_splat(weights + toLow);
        const first0 = i8x16.swizzle(pixels0, FIRST_PAIR);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(first0, highFirst));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(first0, lowFirst));
        const first1 = i8x16.swizzle(pixels1, FIRST_PAIR);
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(first1, highFirst));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(first1, lowFirst));
        const first2 = i8x16.swizzle(pixels2, FIRST_PAIR);
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(first2, highFirst));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(first2, lowFirst));
        const first3 = i8x16.swizzle(pixels3, FIRST_PAIR);
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(first3, highFirst));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(first3, lowFirst));
        const highSecond = v128.load32_splat(weights, 4);
        const lowSecond = v128.load32_splat(weights + toLow, 4);
        const second0 = i8x16.swizzle(pixels0, SECOND_PAIR);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(second0, highSecond));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(second0, lowSecond));
        const second1 = i8x16.swizzle(pixels1, SECOND_PAIR);
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(second1, highSecond));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(second1, lowSecond));
        const second2 = i8x16.swizzle(pixels2, SECOND_PAIR);
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(second2, highSecond));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(second2, lowSecond));
        const second3 = i8x16.swizzle(pixels3, SECOND_PAIR);
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(second3, highSecond));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(second3, lowSecond));
      }
      if (hasPair) {
        const highPair = v128.load32_splat(weights);
        const lowPair = v128.load32_splat(weights + toLow);
        weights += 4;
        const pair0 = i8x16.swizzle(v128.load(source0 + at), FIRST_PAIR);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(pair0, highPair));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(pair0, lowPair));
        const pair1 = i8x16.swizzle(v128.load(source1 + at), FIRST_PAIR);
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(pair1, highPair));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(pair1, lowPair));
        const pair2 = i8x16.swizzle(v128.load(source2 + at), FIRST_PAIR);
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(pair2, highPair));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(pair2, lowPair));
        const pair3 = i8x16.swizzle(v128.load(source3 + at), FIRST_PAIR);
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(pair3, highPair));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(pair3, lowPair));
      }
      const bytes = clip(settle(high0, low0), settle(high1, low1), settle(high2, low2), settle(high3, low3));
      // The fourth byte is the next pixel's, which comes later, or lies in the room behind the row.
      v128.store32_lane(target0, bytes, 0);
      v128.store32_lane(target1, bytes, 1);
      v128.store32_lane(target2, bytes, 2);
      v128.store32_lane(target3, bytes, 3);
      target0 += 3;
      target1 += 3;
      target2 += 3;
      target3 += 3;
    }
  }
}

/** The sum of each vector's lanes, one a lane. */
function sums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return i32x4.add(i64x2.shuffle(ab, cd, 0, 2), i64x2.shuffle(ab, cd, 1, 3));
}

/** As horizontalRgb for one byte a pixel; `taps` is a multiple of 8. */
export function horizontalLuma(
  source: usize,
  sourceStride: usize,
  rows: i32,
  firsts: usize,
  high: usize,
  low: usize,
  taps: usize,
  columns: usize,
  target: usize,
  targetStride: usize,
): void {
  for (let row = 0; row < rows; row += 4) {
    const last = rows - 1;
    const source0 = source + <usize>row * sourceStride;
    const source1 = source + <usize>min(row + 1, last) * sourceStride;
    const source2 = source + <usize>min(row + 2, last) * sourceStride;
    const source3 = source + <usize>min(row + 3, last) * sourceStride;
    const target0 = target + <usize>row * targetStride;
    const target1 = target + <usize>min(row + 1, last) * targetStride;
    const target2 = target + <usize>min(row + 2, last) * targetStride;
    const target3 = target + <usize>min(row + 3, last) * targetStride;
    let weights = high;
    const toLow = low - high;
    for (let x: usize = 0; x < columns; x += 1) {
      let at: usize = load<i32>(firsts + (x << 2));
      let high0 = i32x4.splat(0);
      let high1 = i32x4.splat(0);
      let high2 = i32x4.splat(0);
      let high3 = i32x4.splat(0);
      let low0 = i32x4.splat(0);
      let low1 = i32x4.splat(0);
      let low2 = i32x4.splat(0);
      let low3 = i32x4.splat(0);
      const end = weights + (taps << 1);
      for (; weights < end; weights += 16, at += 8) {
        const highs = v128.load(weights);
        const lows = v128.load(weights + toLow);
        const pixels0 = v128.load8x8_u(source0 + at);
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(pixels0, highs));
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(pixels0, lows));
        const pixels1 = v128.load8x8_u(source1 + at);
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(pixels1, highs));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(pixels1, lows));
        const pixels2 = v128.load8x8_u(source2 + at);
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(pixels2, highs));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(pixels2, lows));
        const pixels3 = v128.load8x8_u(source3 + at);
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(pixels3, highs));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(pixels3, lows));
      }
      const low = i32x4.add(sums(low0, low1, low2, low3), i32x4.splat(ROUNDING));
      const settled = settle(sums(high0, high1, high2, high3), low);
      const bytes = clip(settled, settled, settled, settled);
      v128.store8_lane(target0 + x, bytes, 0);
      v128.store8_lane(target1 + x, bytes, 1);
      v128.store8_lane(target2 + x, bytes, 2);
      v128.store8_lane(target3 + x, bytes, 3);
    }
  }
}
