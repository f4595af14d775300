/**
 * The weights of one axis of Pillow's resize, in its 8-bit fixed point (Pillow, src/libImaging/Resample.c): a
 * filter widened by the scale, weights rounded to 22 bits.
 */
import type { Filter } from './manifest.ts';

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

interface Kernel {
  /** Distance from which on the weight is 0, in source pixels where nothing is scaled down. */
  readonly support: number;
  weight(distance: number): number;
}

/** Steepness of Pillow's bicubic. */
const A = -0.5;

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

const KERNELS: Readonly<Record<Filter, Kernel>> = {
  bilinear: {
    support: 1,
    weight(distance) {
      const x = Math.abs(distance);
      return x < 1 ? 1 - x : 0;
    },
  },
  bicubic: {
    support: 2,
    weight(distance) {
      const x = Math.abs(distance);
      // In Resample.c's own order of operations: the last bit of a weight may depend on it.
      if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    },
  },
  lanczos: {
    support: 3,
    weight: (distance) => (distance >= -3 && distance < 3 ? sinc(distance) * sinc(distance / 3) : 0),
  },
};

/** To the nearest, halves away from zero. */
function toFixed(weight: number): number {
  return Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * (1 << PRECISION_BITS));
}

/** Weights for output positions begin .. begin + length - 1 of an axis that goes from `from` to `to` pixels. */
export function axisWeights(filter: Filter, from: number, to: number, begin: number, length: number): AxisWeights {
  const kernel = KERNELS[filter];
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = kernel.support * filterScale;
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
      const weight = kernel.weight((j + low - center + 0.5) * inverse);
      exact[j] = weight;
      sum += weight;
    }
    for (let j = 0; j < high - low; j += 1) {
      const weight = exact[j] as number; // j < stride
      weights[i * stride + j] = toFixed(sum === 0 ? weight : weight / sum);
    }
    first[i] = low;
    count[i] = high - low;
  }
  return { first, count, weights, stride };
}

/** The axis that gives every position as it is: one weight of 1. */
export function identityWeights(begin: number, length: number): AxisWeights {
  const first = Int32Array.from({ length }, (_, i) => begin + i);
  const count = new Int32Array(length).fill(1);
  return { first, count, weights: new Int32Array(length).fill(1 << PRECISION_BITS), stride: 1 };
}
