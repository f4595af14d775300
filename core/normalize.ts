/** From prepared bytes to the model's tensor: channel order, layout and (pixel * scale - mean) / std. */
import { type Kernel, threadKernel } from './kernel.ts';
import type { InputSpec } from './manifest.ts';

/** Float32 elements of one image. */
export function tensorLength(input: InputSpec): number {
  return input.width * input.height * (input.channels === 'L' ? 1 : 3);
}

/** Shape of the model's input for `batch` images. */
export function tensorShape({ layout, width, height, channels }: InputSpec, batch: number): number[] {
  const planes = channels === 'L' ? 1 : 3;
  return layout === 'NCHW' ? [batch, planes, height, width] : [batch, height, width, planes];
}

/** 256 normalised values a channel, in the model's channel order: a pixel has no other values. */
function lookupTable(input: InputSpec): Uint32Array {
  const values = new Float32Array(input.mean.length * 256);
  for (const [channel, mean] of input.mean.entries()) {
    const std = input.std[channel] ?? 1;
    for (let pixel = 0; pixel < 256; pixel += 1) values[channel * 256 + pixel] = (pixel * input.scale - mean) / std;
  }
  return new Uint32Array(values.buffer);
}

const tablesOf = new WeakMap<InputSpec, Uint32Array>();

function tableOf(input: InputSpec): Uint32Array {
  const made = tablesOf.get(input) ?? lookupTable(input);
  tablesOf.set(input, made);
  return made;
}

/** Pixels that go through the kernel's memory at a time: with what becomes of them they stay in a processor's cache. */
const CHUNK = 2048;
const CHUNK_BYTES = CHUNK * 3;
/** Where they lie in it; the kernel may run 16 bytes over each end. */
const ROOM = 16;
const PLANE_BYTES = CHUNK * 4 + ROOM;

/** By the kernel, for the layout whose values lie one behind the other. */
function normalizePlanes(
  kernel: Kernel,
  prepared: Uint8Array,
  table: Uint32Array,
  out: Uint32Array,
  reversed: boolean,
): void {
  const source = table.byteLength;
  const first = source + CHUNK_BYTES + ROOM;
  const planes = [first, first + PLANE_BYTES, first + 2 * PLANE_BYTES] as const;
  const memory = new Uint8Array(kernel.memory);
  const values = new Uint32Array(kernel.memory);
  const pixels = out.length / 3;
  // In the order of the picture's bytes.
  for (let channel = 0; channel < 3; channel += 1) {
    const from = (reversed ? 2 - channel : channel) * 256;
    values.set(table.subarray(from, from + 256), channel * 256);
  }
  for (let begin = 0; begin < pixels; begin += CHUNK) {
    const count = Math.min(CHUNK, pixels - begin);
    memory.set(prepared.subarray(begin * 3, (begin + count) * 3), source);
    kernel.lookUp(source, count, 0, ...planes);
    for (const [channel, at] of planes.entries()) {
      const to = (reversed ? 2 - channel : channel) * pixels + begin;
      out.set(values.subarray(at / 4, at / 4 + count), to);
    }
  }
}

/** `normalizeInto` by this kernel, or without one in plain JavaScript: the values are the same to the bit. */
export function normalizeWith(
  kernel: Kernel | undefined,
  prepared: Uint8Array,
  input: InputSpec,
  target: Float32Array,
  offset: number,
): void {
  const table = tableOf(input);
  const pixels = input.width * input.height;
  // Copies the values' bits: taken out of an array as numbers and put into another, floats would be widened and
  // narrowed on the way, which takes twice as long.
  const out = new Uint32Array(target.buffer, target.byteOffset + offset * 4, tensorLength(input));
  if (input.channels === 'L') {
    for (let i = 0; i < pixels; i += 1) out[i] = table[prepared[i] as number] as number;
    return;
  }
  const planar = input.layout === 'NCHW';
  const reversed = input.channels === 'BGR';
  if (kernel && planar) {
    normalizePlanes(kernel, prepared, table, out, reversed);
    return;
  }
  const step = planar ? 1 : 3;
  const plane = planar ? pixels : 1;
  const first = reversed ? 2 : 0;
  const third = 2 - first;
  for (let i = 0, at = 0, to = 0; i < pixels; i += 1, at += 3, to += step) {
    out[to] = table[prepared[at + first] as number] as number;
    out[to + plane] = table[256 + (prepared[at + 1] as number)] as number;
    out[to + plane * 2] = table[512 + (prepared[at + third] as number)] as number;
  }
}

/**
 * Writes one image into `target` at `offset` (elements).
 * @param prepared what `prepareRgb` gave: RGB8, or luma for `L`
 */
export function normalizeInto(prepared: Uint8Array, input: InputSpec, target: Float32Array, offset: number): void {
  normalizeWith(threadKernel(), prepared, input, target, offset);
}
