/**
 * A resize through the kernel: rows of the picture go into its memory a strip at a time, rows of the result come out
 * as soon as the rows that they are made of are there. Equals `runPasses` to the byte. The memory bounds the strip,
 * never the picture; where an axis or a single row is too long for it, there is no result and the passes do the work.
 */
import type { Kernel, KernelAxis } from './kernel.ts';
import { axisBytes, tapsOf, writeAxis } from './kernel-axis.ts';
import { type Passes, type Reach, reachOf } from './picture-passes.ts';
import type { FlatPixels } from './pixels.ts';
import { type AxisWeights, identityWeights } from './resample.ts';
import { type Plan, planStrips, RESULT_ROWS } from './strip-plan.ts';

/** Rows that the kernel writes have room for a byte more, and begin where a vector does. */
const rowOf = (bytes: number): number => Math.ceil((bytes + 1) / 16) * 16;

/** How many rows of the result, from `from` on, need none but the first `loaded` rows of the picture. */
function readyRows({ first, count }: AxisWeights, from: number, loaded: number): number {
  const most = Math.min(RESULT_ROWS, first.length - from);
  let ready = 0;
  while (ready < most && (first[from + ready] as number) + (count[from + ready] as number) <= loaded) ready += 1;
  return ready;
}

/** One resize on its way through the memory. */
interface Job {
  readonly kernel: Kernel;
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly plan: Plan;
  readonly x: KernelAxis;
  readonly y: KernelAxis;
  readonly planes: 1 | 3;
  /** Columns of the picture that are read, and of the result. */
  readonly pixels: number;
  readonly columns: number;
  /** Puts `count` rows of the picture at the address `to`, over white and without the columns that nobody reads. */
  readonly load: (row: number, count: number, to: number) => void;
  readonly out: Uint8Array<ArrayBuffer>;
}

/** What differs with the order of the passes; the window between them is what stays in the memory. */
interface Order {
  /** Bytes of a row in the window. */
  readonly windowRow: number;
  /** Puts what the window holds for `count` rows of the picture at `to`. */
  fill(row: number, count: number, to: number): void;
  /** Makes `count` rows of the result, from `begin` on; the window's first row is the picture's row `held`. */
  give(begin: number, count: number, held: number): void;
}

function horizontalPass({ kernel, planes }: Job): Kernel['horizontalRgb'] {
  return planes === 1 ? kernel.horizontalLuma : kernel.horizontalRgb;
}

function horizontalFirst(job: Job): Order {
  const { kernel, memory, plan, x, y, planes, pixels, columns, load, out } = job;
  const horizontal = horizontalPass(job);
  const sourceRow = pixels * planes;
  const resultRow = columns * planes;
  const windowRow = rowOf(resultRow);
  return {
    windowRow,
    fill(row, count, to) {
      load(row, count, plan.source);
      horizontal(plan.source, sourceRow, count, ...x, columns, to, windowRow);
    },
    give(begin, count, held) {
      kernel.vertical(plan.window, windowRow, held, ...y, begin, begin + count, resultRow, plan.result);
      out.set(memory.subarray(plan.result, plan.result + count * resultRow), begin * resultRow);
    },
  };
}

function verticalFirst(job: Job): Order {
  const { kernel, memory, plan, x, y, planes, pixels, columns, load, out } = job;
  const horizontal = horizontalPass(job);
  const windowRow = pixels * planes;
  const resultRow = columns * planes;
  return {
    windowRow,
    fill: load,
    give(begin, count, held) {
      kernel.vertical(plan.window, windowRow, held, ...y, begin, begin + count, windowRow, plan.between);
      horizontal(plan.between, windowRow, count, ...x, columns, plan.result, rowOf(resultRow));
      for (let i = 0; i < count; i += 1) {
        const at = plan.result + i * rowOf(resultRow);
        out.set(memory.subarray(at, at + resultRow), (begin + i) * resultRow);
      }
    },
  };
}

function loader(kernel: Kernel, picture: FlatPixels, width: number, columns: Reach, raw: number): Job['load'] {
  const { data, channels } = picture;
  const memory = new Uint8Array(kernel.memory);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const pixels = columns.end - columns.begin;
  const stride = width * channels;
  const length = pixels * channels;
  return (row, count, to) => {
    const from = row * stride + columns.begin * channels;
    const address = channels === 4 ? raw : to;
    if (length === stride) {
      memory.set(bytes.subarray(from, from + count * stride), address);
    } else {
      for (let i = 0; i < count; i += 1) {
        memory.set(bytes.subarray(from + i * stride, from + i * stride + length), address + i * length);
      }
    }
    if (channels === 4) kernel.overWhite(raw, count * pixels, to);
  };
}

/**
 * The window's bytes as `runPasses` gives them, in `target` where there is one. Of four bytes a pixel the last is alpha,
 * and the picture is laid over white on the way: it needs no `flatten` before.
 */
export function runInStrips(
  kernel: Kernel,
  picture: FlatPixels,
  width: number,
  passes: Passes,
  target?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> | undefined {
  const { left, top, columns, rows } = passes.window;
  const planes = picture.channels === 1 ? 1 : 3;
  const axisX = passes.axisX ?? identityWeights(left, columns);
  const axisY = passes.axisY ?? identityWeights(top, rows);
  const reachX = reachOf(axisX);
  const reachY = reachOf(axisY);
  const pixels = reachX.end - reachX.begin;
  const tapsX = tapsOf(axisX, planes === 1 ? 8 : 2);
  const tapsY = tapsOf(axisY, 2);
  const plan = planStrips({
    rawRow: picture.channels === 4 ? pixels * 4 : 0,
    sourceRow: passes.verticalFirst ? 0 : pixels * planes,
    windowRow: passes.verticalFirst ? pixels * planes : rowOf(columns * planes),
    betweenRow: passes.verticalFirst ? pixels * planes : 0,
    resultRow: rowOf(columns * planes),
    tapsY,
    overrun: tapsX * planes,
    axisX: axisBytes(columns, tapsX),
    axisY: axisBytes(rows, tapsY),
  });
  if (!plan) return undefined;
  const job: Job = {
    kernel,
    memory: new Uint8Array(kernel.memory),
    plan,
    x: writeAxis(kernel.memory, plan.axisX, axisX, { taps: tapsX, origin: reachX.begin, unit: planes }),
    y: writeAxis(kernel.memory, plan.axisY, axisY, { taps: tapsY, origin: 0, unit: 1 }),
    planes,
    pixels,
    columns,
    load: loader(kernel, picture, width, reachX, plan.raw),
    out: target ?? new Uint8Array(rows * columns * planes),
  };
  runRows(job, passes.verticalFirst ? verticalFirst(job) : horizontalFirst(job), axisY, reachY);
  return job.out;
}

/** Strip after strip: fill the window, give what can be given, keep the rows that the next ones need too. */
function runRows({ memory, plan }: Job, order: Order, axisY: AxisWeights, reach: Reach): void {
  const { windowRow } = order;
  const rows = axisY.first.length;
  let held = reach.begin;
  let done = 0;
  for (let loaded = held; loaded < reach.end; ) {
    const count = Math.min(plan.rows, reach.end - loaded);
    order.fill(loaded, count, plan.window + (loaded - held) * windowRow);
    loaded += count;
    for (let ready = readyRows(axisY, done, loaded); ready > 0; ready = readyRows(axisY, done, loaded)) {
      order.give(done, ready, held);
      done += ready;
    }
    const keep = done < rows ? Math.min(axisY.first[done] as number, loaded) : loaded;
    memory.copyWithin(plan.window, plan.window + (keep - held) * windowRow, plan.window + (loaded - held) * windowRow);
    held = keep;
  }
}
