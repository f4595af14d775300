/** From prepared bytes to the model's tensor: channel order, layout and (pixel * scale - mean) / std. */
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
function lookupTables(input: InputSpec): readonly Float32Array[] {
  return input.mean.map((mean, channel) => {
    const std = input.std[channel] ?? 1;
    return Float32Array.from({ length: 256 }, (_, pixel) => (pixel * input.scale - mean) / std);
  });
}

const tablesOf = new WeakMap<InputSpec, readonly Float32Array[]>();

/**
 * Writes one image into `target` at `offset` (elements).
 * @param prepared what `prepareRgb` gave: RGB8, or luma for `L`
 */
export function normalizeInto(prepared: Uint8Array, input: InputSpec, target: Float32Array, offset: number): void {
  let tables = tablesOf.get(input);
  if (!tables) {
    tables = lookupTables(input);
    tablesOf.set(input, tables);
  }
  const pixels = input.width * input.height;
  const planes = tables.length;
  for (const [channel, table] of tables.entries()) {
    const from = input.channels === 'BGR' ? 2 - channel : channel;
    const start = offset + (input.layout === 'NCHW' ? channel * pixels : channel);
    const step = input.layout === 'NCHW' ? 1 : planes;
    for (let i = 0; i < pixels; i += 1) {
      target[start + i * step] = table[prepared[i * planes + from] as number] as number;
    }
  }
}
