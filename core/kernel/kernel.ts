/**
 * The inner loops of the resize and the normalising in WebAssembly SIMD, written in AssemblyScript: `npm run kernel`
 * compiles this into ../kernel-bytes.ts. Gives byte for byte what ../passes.ts, ../pixels.ts and ../normalize.ts give.
 * Owns no memory: its arguments are addresses in one that whoever calls divides, and sizes. It may read and write 16
 * bytes past what it is told of, and read pixels and rows past it whose weights are 0: all regions have that room.
 *
 * A weight of 22 bits comes as two halves that fit in 16: weight = high * 2^11 + low, 0 <= low < 2^11. i32x4.dot
 * multiplies two taps at once, and (sum of high << 11) + sum of low is the reference's sum, modulo 2^32 as there.
 */

const SPLIT_BITS: i32 = 11;
const PRECISION_BITS: i32 = 22;
const ROUNDING: i32 = 1 << 21;

/** Of four RGB pixels the first two, the last two, as pairs of 16 bits a channel: what one dot takes. */
const FIRST_PAIR = i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
const SECOND_PAIR = i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
const ALPHAS = i8x16(3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15);
const WITHOUT_ALPHA = i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);

/** Four sums, of which the low one began with `ROUNDING`; clipped to bytes by the packing that follows. */
function settle(high: v128, low: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.shl(high, SPLIT_BITS), low), PRECISION_BITS);
}

function clip(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

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

/** value * alpha + 255 * (255 - alpha) in eighths of a vector, divided by 255 as ../pixels.ts does. */
function blend(values: v128, alphas: v128): v128 {
  const white = i16x8.splat(255);
  const mixed = i16x8.add(i16x8.mul(values, alphas), i16x8.mul(white, i16x8.sub(white, alphas)));
  const sum = i16x8.add(mixed, i16x8.splat(128));
  return i16x8.shr_u(i16x8.add(i16x8.shr_u(sum, 8), sum), 8);
}

/** `pixels` pixels of RGBA laid over white, as RGB. */
export function overWhite(source: usize, pixels: i32, target: usize): void {
  for (let i = 0; i < pixels; i += 4, source += 16, target += 12) {
    let colours = v128.load(source);
    const alphas = i8x16.swizzle(colours, ALPHAS);
    if (!i8x16.all_true(i8x16.eq(alphas, i8x16.splat(-1)))) {
      colours = i8x16.narrow_i16x8_u(
        blend(i16x8.extend_low_i8x16_u(colours), i16x8.extend_low_i8x16_u(alphas)),
        blend(i16x8.extend_high_i8x16_u(colours), i16x8.extend_high_i8x16_u(alphas)),
      );
    }
    v128.store(target, i8x16.swizzle(colours, WITHOUT_ALPHA));
  }
}

/** The values of four pixels' bytes of one channel. */
function valuesOf(table: usize, source: usize): v128 {
  let values = v128.load32_zero(table + ((<usize>load<u8>(source)) << 2));
  values = v128.load32_lane(table + ((<usize>load<u8>(source, 3)) << 2), values, 1);
  values = v128.load32_lane(table + ((<usize>load<u8>(source, 6)) << 2), values, 2);
  return v128.load32_lane(table + ((<usize>load<u8>(source, 9)) << 2), values, 3);
}

/**
 * Of `pixels` RGB pixels the values that `tables` has for their bytes, 256 of 4 bytes for each of the three channels:
 * those of a channel one behind the other from `first`, `second` and `third` on.
 */
export function lookUp(source: usize, pixels: usize, tables: usize, first: usize, second: usize, third: usize): void {
  const end = source + pixels * 3;
  for (; source < end; source += 12, first += 16, second += 16, third += 16) {
    v128.store(first, valuesOf(tables, source));
    v128.store(second, valuesOf(tables + 1024, source + 1));
    v128.store(third, valuesOf(tables + 2048, source + 2));
  }
}
