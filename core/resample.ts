/**
 * The weights of one axis of Pillow's bilinear resize, in its 8-bit fixed point (Pillow,
 * src/libImaging/Resample.c): a triangle filter widened by the scale, weights rounded to 22 bits.
 */

/** 32 bits less 8 for the pixel and 2 for the sum's growth, as in Resample.c. */
export const PRECISION_BITS = 22;
export const ROUNDING = 1 << (PRECISION_BITS - 1);

export interface AxisWeights {
  /** First source index of each output position. */
  readonly first: Int32Array;
  /** How many source positions each output position reads. */
  readonly count: Int32Array;
  /** `stride` weights an output position. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** Weights for output positions begin .. begin + length - 1 of an axis that goes from `from` to `to` pixels. */
export function axisWeights(from: number, to: number, begin: number, length: number): AxisWeights {
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  const weights = new Int32Array(length * stride);
  const exact = new Float64Array(stride);
  const inverse = 1 / filterScale;
  for (let i = 0; i < length; i += 1) {
    const center = (begin + i + 0.5) * scale;
    const low = Math.max(Math.trunc(center - support + 0.5), 0);
    const high = Math.min(Math.trunc(center + support + 0.5), from);
    let sum = 0;
    for (let j = 0; j < high - low; j += 1) {
      const distance = Math.abs((j + low - center + 0.5) * inverse);
      const weight = distance < 1 ? 1 - distance : 0;
      exact[j] = weight;
      sum += weight;
    }
    for (let j = 0; j < high - low; j += 1) {
      const weight = exact[j] as number; // j < stride
      // Rounded half up: a triangle has no negative weights.
      weights[i * stride + j] = Math.trunc(0.5 + (sum === 0 ? weight : weight / sum) * (1 << PRECISION_BITS));
    }
    first[i] = low;
    count[i] = high - low;
  }
  return { first, count, weights, stride };
}
