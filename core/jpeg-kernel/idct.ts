/**
 * The inverse cosine transform, in the whole numbers of the method that libjpeg calls "islow" and that browsers and
 * libvips use: Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications" (1989),
 * with 13 bits of constants and 2 bits more between the passes. Its products are sums of pairs here, one i32x4.dot
 * each; the sums are the same numbers.
 */
import { block, sums } from './regions';
import { highBytes, highPairs, lowBytes, lowPairs } from './shuffles';

/** round(c * 2^13) of the method's constants, put together for pairs of inputs. */
const EVEN_04_SUM = i16x8(8192, 8192, 8192, 8192, 8192, 8192, 8192, 8192);
const EVEN_04_DIFFERENCE = i16x8(8192, -8192, 8192, -8192, 8192, -8192, 8192, -8192);
const EVEN_26_LARGE = i16x8(10703, 4433, 10703, 4433, 10703, 4433, 10703, 4433);
const EVEN_26_SMALL = i16x8(4433, -10704, 4433, -10704, 4433, -10704, 4433, -10704);
const ODD_0_13 = i16x8(11363, 9633, 11363, 9633, 11363, 9633, 11363, 9633);
const ODD_0_57 = i16x8(6437, 2260, 6437, 2260, 6437, 2260, 6437, 2260);
const ODD_1_13 = i16x8(9633, -2259, 9633, -2259, 9633, -2259, 9633, -2259);
const ODD_1_57 = i16x8(-11362, -6436, -11362, -6436, -11362, -6436, -11362, -6436);
const ODD_2_13 = i16x8(6437, -11362, 6437, -11362, 6437, -11362, 6437, -11362);
const ODD_2_57 = i16x8(2261, 9633, 2261, 9633, 2261, 9633, 2261, 9633);
const ODD_3_13 = i16x8(2260, -6436, 2260, -6436, 2260, -6436, 2260, -6436);
const ODD_3_57 = i16x8(9633, -11363, 9633, -11363, 9633, -11363, 9633, -11363);

const FIRST_SHIFT = 11;
const SECOND_SHIFT = 18;

function dots(pair13: v128, factors13: v128, pair57: v128, factors57: v128): v128 {
  return i32x4.add(i32x4.dot_i16x8_s(pair13, factors13), i32x4.dot_i16x8_s(pair57, factors57));
}

/** The sums of one place, their lower and upper lanes, and those of the place that mirrors it. */
function storePair(at: usize, mirror: usize, even: v128, odd: v128): void {
  v128.store(sums() + at, i32x4.add(even, odd));
  v128.store(sums() + mirror, i32x4.sub(even, odd));
}

/** One pass over eight vectors: each lane is transformed. Leaves eight times eight sums; `half` is what rounds them. */
function pass(v0: v128, v1: v128, v2: v128, v3: v128, v4: v128, v5: v128, v6: v128, v7: v128, half: v128): void {
  const low04 = lowPairs(v0, v4);
  const low26 = lowPairs(v2, v6);
  const low13 = lowPairs(v1, v3);
  const low57 = lowPairs(v5, v7);
  halfPass(low04, low26, low13, low57, half, 0);
  halfPass(highPairs(v0, v4), highPairs(v2, v6), highPairs(v1, v3), highPairs(v5, v7), half, 16);
}

/** Four lanes of a pass, from pairs of its vectors; the sums go to every other vector, from `at` on. */
function halfPass(pair04: v128, pair26: v128, pair13: v128, pair57: v128, half: v128, at: usize): void {
  const sum = i32x4.add(i32x4.dot_i16x8_s(pair04, EVEN_04_SUM), half);
  const difference = i32x4.add(i32x4.dot_i16x8_s(pair04, EVEN_04_DIFFERENCE), half);
  const large = i32x4.dot_i16x8_s(pair26, EVEN_26_LARGE);
  const small = i32x4.dot_i16x8_s(pair26, EVEN_26_SMALL);
  storePair(at, at + 224, i32x4.add(sum, large), dots(pair13, ODD_0_13, pair57, ODD_0_57));
  storePair(at + 32, at + 192, i32x4.add(difference, small), dots(pair13, ODD_1_13, pair57, ODD_1_57));
  storePair(at + 64, at + 160, i32x4.sub(difference, small), dots(pair13, ODD_2_13, pair57, ODD_2_57));
  storePair(at + 96, at + 128, i32x4.sub(sum, large), dots(pair13, ODD_3_13, pair57, ODD_3_57));
}

/** Of the last pass the vector at `place`, brought back to 16 bits. */
function settled(place: usize, shift: i32): v128 {
  const low = v128.load(sums() + (place << 5));
  const high = v128.load(sums() + (place << 5), 16);
  return i16x8.narrow_i32x4_s(i32x4.shr_s(low, shift), i32x4.shr_s(high, shift));
}

function dequantized(quants: usize, row: usize): v128 {
  return i16x8.mul(v128.load(block() + (row << 4)), v128.load(quants + (row << 4)));
}

/** Samples of a block with nothing but a DC coefficient. */
export function flatBlock(quants: usize, target: usize, stride: usize): void {
  const mean = (((<i32>(<i16>(load<i16>(block()) * load<i16>(quants)))) << 2) + 16) >> 5;
  const bytes = v128.xor(i8x16.narrow_i16x8_s(i16x8.splat(<i16>mean), i16x8.splat(<i16>mean)), i8x16.splat(-128));
  for (let row = 0; row < 8; row += 1, target += stride) v128.store64_lane(target, bytes, 0);
}

/** Samples of the block's coefficients, into eight rows of `target`. `quants`: 64 i16, in the block's order. */
export function transformBlock(quants: usize, target: usize, stride: usize): void {
  pass(
    dequantized(quants, 0),
    dequantized(quants, 1),
    dequantized(quants, 2),
    dequantized(quants, 3),
    dequantized(quants, 4),
    dequantized(quants, 5),
    dequantized(quants, 6),
    dequantized(quants, 7),
    i32x4.splat(1 << (FIRST_SHIFT - 1)),
  );
  // Rows become columns.
  const r0 = settled(0, FIRST_SHIFT);
  const r1 = settled(1, FIRST_SHIFT);
  const r2 = settled(2, FIRST_SHIFT);
  const r3 = settled(3, FIRST_SHIFT);
  const r4 = settled(4, FIRST_SHIFT);
  const r5 = settled(5, FIRST_SHIFT);
  const r6 = settled(6, FIRST_SHIFT);
  const r7 = settled(7, FIRST_SHIFT);
  const a0 = lowPairs(r0, r4);
  const a1 = highPairs(r0, r4);
  const a2 = lowPairs(r1, r5);
  const a3 = highPairs(r1, r5);
  const a4 = lowPairs(r2, r6);
  const a5 = highPairs(r2, r6);
  const a6 = lowPairs(r3, r7);
  const a7 = highPairs(r3, r7);
  const b0 = lowPairs(a0, a4);
  const b1 = highPairs(a0, a4);
  const b2 = lowPairs(a1, a5);
  const b3 = highPairs(a1, a5);
  const b4 = lowPairs(a2, a6);
  const b5 = highPairs(a2, a6);
  const b6 = lowPairs(a3, a7);
  const b7 = highPairs(a3, a7);
  pass(
    lowPairs(b0, b4),
    highPairs(b0, b4),
    lowPairs(b1, b5),
    highPairs(b1, b5),
    lowPairs(b2, b6),
    highPairs(b2, b6),
    lowPairs(b3, b7),
    highPairs(b3, b7),
    i32x4.splat(1 << (SECOND_SHIFT - 1)),
  );
  // And columns rows, now of bytes.
  const c04 = i8x16.narrow_i16x8_s(settled(0, SECOND_SHIFT), settled(4, SECOND_SHIFT));
  const c15 = i8x16.narrow_i16x8_s(settled(1, SECOND_SHIFT), settled(5, SECOND_SHIFT));
  const c26 = i8x16.narrow_i16x8_s(settled(2, SECOND_SHIFT), settled(6, SECOND_SHIFT));
  const c37 = i8x16.narrow_i16x8_s(settled(3, SECOND_SHIFT), settled(7, SECOND_SHIFT));
  const d02 = lowBytes(c04, c26);
  const d46 = highBytes(c04, c26);
  const d13 = lowBytes(c15, c37);
  const d57 = highBytes(c15, c37);
  const upperLeft = lowBytes(d02, d13);
  const lowerLeft = highBytes(d02, d13);
  const upperRight = lowBytes(d46, d57);
  const lowerRight = highBytes(d46, d57);
  storeRows(i32x4.shuffle(upperLeft, upperRight, 0, 4, 1, 5), target, stride);
  storeRows(i32x4.shuffle(upperLeft, upperRight, 2, 6, 3, 7), target + (stride << 1), stride);
  storeRows(i32x4.shuffle(lowerLeft, lowerRight, 0, 4, 1, 5), target + (stride << 2), stride);
  storeRows(i32x4.shuffle(lowerLeft, lowerRight, 2, 6, 3, 7), target + stride * 6, stride);
}

/** Two rows, from numbers around 0 to samples around 128. */
function storeRows(pair: v128, target: usize, stride: usize): void {
  const samples = v128.xor(pair, i8x16.splat(-128));
  v128.store64_lane(target, samples, 0);
  v128.store64_lane(target + stride, samples, 1);
}
