/**
 * The inner loops of the resize and the normalising in WebAssembly SIMD, written in AssemblyScript: `npm run kernel`
 * compiles this into ../kernel-bytes.ts. Gives byte for byte what ../passes.ts, ../pixels.ts and ../normalize.ts give.
 * Owns no memory: its arguments are addresses in one that whoever calls divides, and sizes. It may read and write 16
 * bytes past what it is told of, and read pixels and rows past it whose weights are 0: all regions have that room.
 */
export { horizontalLuma, horizontalRgb } from './horizontal';
export { lookUp, overWhite } from './values';
export { vertical } from './vertical';
