/**
 * The compiled inner loops of the resize and the normalising (core/kernel/) and the memory they work in: one of each for
 * a thread, made at the first picture and never grown. Where the platform has no WebAssembly SIMD there is none, and the
 * passes of passes.ts and the loops of normalize.ts do the same work to the same bytes.
 */
import { KERNEL_BASE64 } from './kernel-bytes.ts';
import { onePerThread, startModule } from './wasm.ts';

/** Bytes of the kernel's memory, in each thread that resizes: pictures go through it in strips, so none needs more. */
export const KERNEL_MEMORY = 2 ** 21;

/** The weights of an axis in the kernel's memory; core/kernel/ says in which form. */
export type KernelAxis = readonly [firsts: number, high: number, low: number, taps: number];

type Horizontal = (
  ...args: [
    ...[source: number, sourceStride: number, rows: number],
    ...KernelAxis,
    ...[columns: number, target: number, targetStride: number],
  ]
) => void;

export interface Kernel {
  readonly memory: ArrayBuffer;
  readonly horizontalRgb: Horizontal;
  readonly horizontalLuma: Horizontal;
  readonly vertical: (
    ...args: [
      ...[source: number, sourceStride: number, held: number],
      ...KernelAxis,
      ...[begin: number, end: number, width: number, target: number],
    ]
  ) => void;
  readonly overWhite: (source: number, pixels: number, target: number) => void;
  readonly lookUp: (
    ...args: [source: number, pixels: number, tables: number, first: number, second: number, third: number]
  ) => void;
}

/** A kernel with a memory of its own; undefined when this platform can't run it. */
export function createKernel(): Kernel | undefined {
  const started = startModule(KERNEL_BASE64, KERNEL_MEMORY, KERNEL_MEMORY);
  return started && { ...(started.exports as unknown as Omit<Kernel, 'memory'>), memory: started.memory.buffer };
}

/** This thread's kernel; without one the passes do the work. */
export const threadKernel = onePerThread(createKernel);
