/** The weights of an axis as the kernel reads them: where taps begin, then the two halves of each weight. */
import type { KernelAxis } from './kernel.ts';
import type { AxisWeights } from './resample.ts';

/** As in core/kernel/. */
const SPLIT_BITS = 11;

/** Taps that every position of the axis gets: the most that one has, brought to a multiple of `step`. */
export function tapsOf({ count }: AxisWeights, step: number): number {
  let most = 0;
  for (const taps of count) if (taps > most) most = taps;
  return Math.ceil(most / step) * step;
}

/** Bytes of the axis in the kernel's memory. */
export function axisBytes(positions: number, taps: number): number {
  return positions * (4 + 4 * taps);
}

/**
 * Writes the axis at `address`, a multiple of 4, and gives what the kernel's functions take. A first position of
 * `origin` becomes 0; one position is `unit`. A high half fits in 16 bits: weights add up to 1 and the dips of the
 * filters are shallow, so none comes near 16.
 */
export function writeAxis(
  memory: ArrayBuffer,
  address: number,
  axis: AxisWeights,
  place: { readonly taps: number; readonly origin: number; readonly unit: number },
): KernelAxis {
  const { first, count, weights, stride } = axis;
  const { taps, origin, unit } = place;
  const positions = first.length;
  const highAt = address + positions * 4;
  const lowAt = highAt + positions * taps * 2;
  const firsts = new Int32Array(memory, address, positions);
  const high = new Int16Array(memory, highAt, positions * taps).fill(0);
  const low = new Int16Array(memory, lowAt, positions * taps).fill(0);
  for (let i = 0; i < positions; i += 1) {
    firsts[i] = ((first[i] as number) - origin) * unit;
    for (let k = 0; k < (count[i] as number); k += 1) {
      const weight = weights[i * stride + k] as number;
      high[i * taps + k] = weight >> SPLIT_BITS;
      low[i * taps + k] = weight & ((1 << SPLIT_BITS) - 1);
    }
  }
  return [address, highAt, lowAt, taps];
}
