/**
 * From samples to RGB: chroma brought to the size of luma, and BT.601 at full range (JFIF 1.02; ITU-T T.871, 7), in
 * the whole numbers of libjpeg: 16 bits of constants; chroma from its two, or four, nearest samples with weights of
 * 3 to 1 along each axis ("fancy upsampling"). Works on rows whose first and last sample are repeated beyond the edge.
 */
import { highPairs, lowBytes, lowPairs } from './shuffles';

// Red and blue, of 15 bits, above whole multiples of chroma, which are added. For chroma's 256 values they round to
// what the constants of 16 bits, 26345 and -14942, round to.
const RED: i16 = 13173;
const BLUE: i16 = -7471;
const GREEN = i16x8(-22554, 18734, -22554, 18734, -22554, 18734, -22554, 18734);
/** Each of 16 samples three times. */
const FIRST_TRIPLES = i8x16(0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5);
const MIDDLE_TRIPLES = i8x16(5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10);
const LAST_TRIPLES = i8x16(10, 11, 11, 11, 12, 12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 15);
const WITHOUT_FOURTH = i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);

/** One row of `width` pixels. Reads up to 7 samples more; writes up to 28 bytes more. */
export function toRgb(luma: usize, blueChroma: usize, redChroma: usize, width: usize, target: usize): void {
  const middle = i16x8.splat(128);
  const half = i32x4.splat(1 << 15);
  // Eight at a time: of sixteen the vectors don't fit into the registers.
  for (let x: usize = 0; x < width; x += 8, target += 24) {
    const y = v128.load8x8_u(luma + x);
    const cb = i16x8.sub(v128.load8x8_u(blueChroma + x), middle);
    const cr = i16x8.sub(v128.load8x8_u(redChroma + x), middle);
    const r = i16x8.add(i16x8.add(y, cr), i16x8.q15mulr_sat_s(cr, i16x8.splat(RED)));
    const greenLow = i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(lowPairs(cb, cr), GREEN), half), 16);
    const greenHigh = i32x4.shr_s(i32x4.add(i32x4.dot_i16x8_s(highPairs(cb, cr), GREEN), half), 16);
    const g = i16x8.add(i16x8.sub(y, cr), i16x8.narrow_i32x4_s(greenLow, greenHigh));
    const b = i16x8.add(i16x8.add(y, i16x8.shl(cb, 1)), i16x8.q15mulr_sat_s(cb, i16x8.splat(BLUE)));
    const rg = lowBytes(i8x16.narrow_i16x8_u(r, r), i8x16.narrow_i16x8_u(g, g));
    const bb = i8x16.narrow_i16x8_u(b, b);
    const bx = lowBytes(bb, bb);
    v128.store(target, i8x16.swizzle(lowPairs(rg, bx), WITHOUT_FOURTH));
    v128.store(target, i8x16.swizzle(highPairs(rg, bx), WITHOUT_FOURTH), 12);
  }
}

/** As `toRgb` for a row without colours. Reads up to 15 samples more; writes up to 45 bytes more. */
export function grayToRgb(luma: usize, width: usize, target: usize): void {
  for (let x: usize = 0; x < width; x += 16, target += 48) {
    const y = v128.load(luma + x);
    v128.store(target, i8x16.swizzle(y, FIRST_TRIPLES));
    v128.store(target, i8x16.swizzle(y, MIDDLE_TRIPLES), 16);
    v128.store(target, i8x16.swizzle(y, LAST_TRIPLES), 32);
  }
}

/** Repeats the first and the last of a row's `width` samples beyond it. */
export function repeatEdges(row: usize, width: usize): void {
  store<u8>(row - 1, load<u8>(row));
  store<u8>(row + width, load<u8>(row + width - 1));
}

function mixed(near: usize, far: usize, at: usize): v128 {
  const three = i16x8.splat(3);
  return i16x8.add(i16x8.mul(v128.load8x8_u(near + at), three), v128.load8x8_u(far + at));
}

/** A row of twice `width` samples from the two rows that lie nearest. */
export function doubleBoth(near: usize, far: usize, width: usize, target: usize): void {
  const three = i16x8.splat(3);
  for (let x: usize = 0; x < width; x += 8, target += 16) {
    const tripled = i16x8.mul(mixed(near, far, x), three);
    const even = i16x8.add(i16x8.add(tripled, mixed(near, far, x - 1)), i16x8.splat(8));
    const odd = i16x8.add(i16x8.add(tripled, mixed(near, far, x + 1)), i16x8.splat(7));
    v128.store(target, v128.or(i16x8.shr_u(even, 4), i16x8.shl(i16x8.shr_u(odd, 4), 8)));
  }
}

/** A row of twice `width` samples from one. */
export function doubleAcross(row: usize, width: usize, target: usize): void {
  const three = i16x8.splat(3);
  for (let x: usize = 0; x < width; x += 8, target += 16) {
    const tripled = i16x8.mul(v128.load8x8_u(row + x), three);
    const even = i16x8.add(i16x8.add(tripled, v128.load8x8_u(row + x - 1)), i16x8.splat(1));
    const odd = i16x8.add(i16x8.add(tripled, v128.load8x8_u(row + x + 1)), i16x8.splat(2));
    v128.store(target, v128.or(i16x8.shr_u(even, 2), i16x8.shl(i16x8.shr_u(odd, 2), 8)));
  }
}
