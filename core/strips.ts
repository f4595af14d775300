/**
 * A resize through the kernel: rows of the picture go into its memory a strip at a time, rows of the result come out
 * as soon as the rows that they are made of are there. Equals `runPasses` to the byte. The memory bounds the strip,
 * never the picture; where an axis or a single row is too long for it, there is no result and the passes do the work.
 */
import type { Kernel } from './kernel.ts';
import { axisBytes, tapsOf, writeAxis } from './kernel-axis.ts';
import { type Passes, reachOf } from './picture-passes.ts';
import type { FlatPixels } from './pixels.ts';
import { type AxisWeights, identityWeights } from './resample.ts';
import { planStrips, RESULT_ROWS } from './strip-plan.ts';

/** Rows that the kernel writes have room for a byte more, and begin where a vector does. */
const rowOf = (bytes: number): number => Math.ceil((bytes + 1) / 16) * 16;

/** How many rows of the result, from `from` on, need none but the first `loaded` rows of the picture. */
function readyRows({ first, count }: AxisWeights, from: number, loaded: number): number {
  const most = Math.min(RESULT_ROWS, first.length - from);
  let ready = 0;
  while (ready < most && (first[from + ready] as number) + (count[from + ready] as number) <= loaded) ready += 1;
  return ready;
}

/** Of four bytes a pixel the last is alpha, and the picture is laid over white. See `runPasses` for the rest. */
export function runInStrips(
  kernel: Kernel,
  picture: FlatPixels,
  width: number,
  passes: Passes,
): Uint8Array<ArrayBuffer> | undefined {
  const { data, channels } = picture;
  const { left, top, columns, rows } = passes.window;
  const planes = channels === 1 ? 1 : 3;
  const axisX = passes.axisX ?? identityWeights(left, columns);
  const axisY = passes.axisY ?? identityWeights(top, rows);
  const reachX = reachOf(axisX);
  const reachY = reachOf(axisY);
  const pixels = reachX.end - reachX.begin;
  const sourceRow = pixels * planes;
  const resultRow = columns * planes;
  const tapsX = tapsOf(axisX, planes === 1 ? 8 : 4);
  const tapsY = tapsOf(axisY, 2);
  const { verticalFirst } = passes;
  const windowRow = verticalFirst ? sourceRow : rowOf(resultRow);
  const plan = planStrips({
    rawRow: channels === 4 ? pixels * 4 : 0,
    sourceRow: verticalFirst ? 0 : sourceRow,
    windowRow,
    betweenRow: verticalFirst ? sourceRow : 0,
    resultRow: verticalFirst ? rowOf(resultRow) : resultRow,
    tapsY,
    overrun: tapsX * planes,
    axisX: axisBytes(columns, tapsX),
    axisY: axisBytes(rows, tapsY),
  });
  if (!plan) return undefined;
  const x = writeAxis(kernel.memory, plan.axisX, axisX, { taps: tapsX, origin: reachX.begin, unit: planes });
  const y = writeAxis(kernel.memory, plan.axisY, axisY, { taps: tapsY, origin: 0, unit: 1 });
  const horizontal = planes === 1 ? kernel.horizontalLuma : kernel.horizontalRgb;
  const memory = new Uint8Array(kernel.memory);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);

  const copyRows = (row: number, count: number, to: number): void => {
    const stride = width * channels;
    const from = row * stride + reachX.begin * channels;
    const length = pixels * channels;
    if (length === stride) {
      memory.set(bytes.subarray(from, from + count * stride), to);
      return;
    }
    for (let i = 0; i < count; i += 1) {
      memory.set(bytes.subarray(from + i * stride, from + i * stride + length), to + i * length);
    }
  };
  const loadRows = (row: number, count: number, to: number): void => {
    copyRows(row, count, channels === 4 ? plan.raw : to);
    if (channels === 4) kernel.overWhite(plan.raw, count * pixels, to);
  };

  const out = new Uint8Array(rows * resultRow);
  let held = reachY.begin;
  let done = 0;
  for (let loaded = held; loaded < reachY.end; ) {
    const count = Math.min(plan.rows, reachY.end - loaded);
    const free = plan.window + (loaded - held) * windowRow;
    if (verticalFirst) {
      loadRows(loaded, count, free);
    } else {
      loadRows(loaded, count, plan.source);
      horizontal(plan.source, sourceRow, count, ...x, columns, free, windowRow);
    }
    loaded += count;
    for (let ready = readyRows(axisY, done, loaded); ready > 0; ready = readyRows(axisY, done, loaded)) {
      if (verticalFirst) {
        kernel.vertical(plan.window, windowRow, held, ...y, done, done + ready, sourceRow, plan.between);
        const stride = rowOf(resultRow);
        horizontal(plan.between, sourceRow, ready, ...x, columns, plan.result, stride);
        for (let i = 0; i < ready; i += 1) {
          const at = plan.result + i * stride;
          out.set(memory.subarray(at, at + resultRow), (done + i) * resultRow);
        }
      } else {
        kernel.vertical(plan.window, windowRow, held, ...y, done, done + ready, resultRow, plan.result);
        out.set(memory.subarray(plan.result, plan.result + ready * resultRow), done * resultRow);
      }
      done += ready;
    }
    const keep = done < rows ? Math.min(axisY.first[done] as number, loaded) : loaded;
    memory.copyWithin(plan.window, plan.window + (keep - held) * windowRow, plan.window + (loaded - held) * windowRow);
    held = keep;
  }
  return out;
}
