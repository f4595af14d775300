/** Bytes of pixels to what the model reads: alpha over white as in ../pixels.ts, values as in ../normalize.ts. */

const ALPHAS = i8x16(3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15);
const WITHOUT_ALPHA = i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);

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
