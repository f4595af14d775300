/** Where everything lies in the kernel's memory during one resize, and how many rows a strip has. */
import { KERNEL_MEMORY } from './kernel.ts';

/** What one resize needs; sizes in bytes. */
export interface Need {
  /** A row as it comes, where it must be laid over white first; else 0. */
  readonly rawRow: number;
  /** A row of the picture, and of what the first pass makes of it: the window keeps the latter, unless it is 0. */
  readonly sourceRow: number;
  readonly windowRow: number;
  /** A row between the passes and behind the second, where the vertical pass goes first; else 0. */
  readonly betweenRow: number;
  readonly resultRow: number;
  /** Rows that the vertical pass reads for one. */
  readonly tapsY: number;
  /** What the horizontal pass may read past the last column, where its taps weigh nothing. */
  readonly overrun: number;
  readonly axisX: number;
  readonly axisY: number;
}

/** Addresses in the kernel's memory. */
export interface Plan {
  /** Rows in a strip. */
  readonly rows: number;
  readonly raw: number;
  readonly source: number;
  readonly window: number;
  readonly between: number;
  readonly result: number;
  readonly axisX: number;
  readonly axisY: number;
}

/** Rows of the result that are made at a time. */
export const RESULT_ROWS = 16;

/** The kernel takes four rows at once; a strip of more than so many bytes would leave the processor's cache. */
const ROWS_AT_ONCE = 4;
const MAX_ROWS = 64;
const STRIP_BYTES = 2 ** 17;

/** The kernel may read and write so many bytes past what it is told of; also everything's alignment. */
const ROOM = 16;

/** Undefined where the memory is too small for a few rows: very long axes, very wide rows. */
export function planStrips(need: Need): Plan | undefined {
  const { rawRow, sourceRow, windowRow, betweenRow, resultRow, tapsY, overrun } = need;
  /** Rows of weight 0 are read behind the window's last. */
  const windowSpare = 2 * tapsY;
  const fixed =
    windowSpare * windowRow +
    RESULT_ROWS * (betweenRow + resultRow) +
    2 * overrun +
    need.axisX +
    need.axisY +
    16 * ROOM;
  const eachRow = rawRow + sourceRow + windowRow;
  const fitting = Math.min(MAX_ROWS, Math.floor((KERNEL_MEMORY - fixed) / eachRow));
  const wanted = Math.max(ROWS_AT_ONCE, Math.floor(STRIP_BYTES / Math.max(sourceRow, windowRow)));
  const rows = Math.floor(Math.min(fitting, wanted) / ROWS_AT_ONCE) * ROWS_AT_ONCE;
  if (rows < ROWS_AT_ONCE) return undefined;
  let next = 0;
  const place = (bytes: number): number => {
    const address = next;
    next += Math.ceil(bytes / ROOM) * ROOM + ROOM;
    return address;
  };
  return {
    rows,
    raw: place(rows * rawRow),
    source: place(rows * sourceRow + overrun),
    window: place((rows + windowSpare) * windowRow),
    between: place(RESULT_ROWS * betweenRow + overrun),
    result: place(RESULT_ROWS * resultRow),
    axisX: place(need.axisX),
    axisY: place(need.axisY),
  };
}
