/**
 * One resize as passes over a picture: which axes, in which order, which part of the result. `runPasses` does it by
 * passes.ts and is the reference that strips.ts, the quick way, must equal to the byte.
 */
import { cut, horizontal, type Plane, type Planes, vertical } from './passes.ts';
import type { FlatPixels } from './pixels.ts';
import type { AxisWeights } from './resample.ts';

/** A part of the resized picture, in its pixels. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
}

export interface Passes {
  /** Undefined where the picture keeps its width, or its height: as in Pillow that axis has no pass. */
  readonly axisX: AxisWeights | undefined;
  readonly axisY: AxisWeights | undefined;
  readonly verticalFirst: boolean;
  readonly window: Window;
}

/** Positions of the source, `end` not among them. */
export interface Reach {
  readonly begin: number;
  readonly end: number;
}

/** The source positions that an axis reads. */
export function reachOf({ first, count }: AxisWeights): Reach {
  const last = first.length - 1; // a window has at least one row and one column
  return { begin: first[0] as number, end: (first[last] as number) + (count[last] as number) };
}

/** The window's bytes: of RGB three a pixel, of luma one. */
export function runPasses(flat: FlatPixels, width: number, passes: Passes): Uint8Array<ArrayBuffer> {
  const { channels } = flat;
  const { axisX, axisY, verticalFirst } = passes;
  const { left, top, columns, rows } = passes.window;
  const planes: Planes = channels === 1 ? 1 : 3;
  const source: Plane = { data: flat.data, stride: width * channels, channels, left: 0, top: 0 };
  if (axisX && axisY && verticalFirst) {
    const { begin, end } = reachOf(axisX);
    const data = vertical({ ...source, left: begin }, axisY, end - begin);
    // `left` makes the axis, which counts from the picture's edge, meet the columns that were computed.
    return horizontal({ data, stride: (end - begin) * channels, channels, left: -begin, top: 0 }, planes, axisX, rows);
  }
  const { begin, end } = axisY ? reachOf(axisY) : { begin: top, end: top + rows };
  const lines = axisX
    ? horizontal({ ...source, top: begin }, planes, axisX, end - begin)
    : cut({ ...source, left, top: begin }, planes, columns, end - begin);
  if (!axisY) return lines;
  return vertical({ data: lines, stride: columns * planes, channels: planes, left: 0, top: -begin }, axisY, columns);
}
