/**
 * The decoder of scans with three components, or one: a baseline one row of blocks by row of blocks, progressive ones
 * each whole, and then their picture row by row. `npm run kernel` compiles this and the files beside it into
 * ../jpeg-kernel-bytes.ts. Gives byte for byte what libjpeg gives, and at a part of the size what
 * test/support/jpeg-reference.ts computes. Owns the memory below `free()`; ../jpeg-places.ts divides what lies above.
 * Whatever the bytes say, it ends, and touches only what it was told of.
 */
import { isCutShort, isOverrun, isSpent, marker, openBits, skipMarker } from './bits';
import { doubleAcross, doubleBoth, grayToRgb, repeatEdges, toRgb } from './colour';
import { componentAt, copyRow, decodeInto, forgetDc, rowOf, setCoefficients, setComponent } from './components';
import { buildTable, forgetBroken, isBroken, spreadQuants, TABLE_BYTES } from './huffman';
import { beginBand, decodeDc, forgetRun, refineBand, restoreBlocks } from './progressive';
import { free } from './regions';
import { buildSkips, SKIPS_BYTES } from './skips';

export { buildSkips, buildTable, free, isCutShort, setCoefficients, setComponent, spreadQuants };

const END_OF_IMAGE: u32 = 0xd9;
const FIRST_RESTART: u32 = 0xd0;

/** Luma samples for one of chroma along each axis: 1 or 2; `down` is 2 only where `across` is. */
let across: i32 = 1;
let down: i32 = 1;
/** As much of it as is not made up for by blocks of chroma with more samples. */
let chromaAcross: i32 = 1;
let chromaDown: i32 = 1;
/** There is luma alone. */
let isGray: bool = false;
/** A block of chroma with its luma, or one of gray: in a row of them, and between two restart markers (0: none). */
let units: i32 = 0;
let interval: i32 = 0;
let untilRestart: i32 = 0;
let restarts: u32 = 0;

/** Bytes of a table that `buildTable` makes. */
export function tableBytes(): usize {
  return TABLE_BYTES;
}

/** Bytes of what `buildSkips` makes. */
export function skipsBytes(): usize {
  return SKIPS_BYTES;
}

/** `at` to `end`: the file's bytes from the scan's first on. The components are set before: three, or luma alone. */
export function openScan(
  at: usize,
  end: usize,
  lumaAcross: i32,
  lumaDown: i32,
  unitsInRow: i32,
  restartInterval: i32,
  components: i32,
): void {
  openBits(at, end);
  forgetBroken();
  across = lumaAcross;
  down = lumaDown;
  isGray = components === 1;
  const isAlike = componentAt(1).points === componentAt(0).points;
  chromaAcross = isAlike ? across : 1;
  chromaDown = isAlike ? down : 1;
  units = unitsInRow;
  interval = restartInterval;
  untilRestart = restartInterval;
  restarts = 0;
  forgetDc();
  forgetRun();
}

function restart(): bool {
  if (!isSpent() || marker() !== FIRST_RESTART + (restarts & 7)) return false;
  skipMarker();
  forgetDc();
  forgetRun();
  restarts += 1;
  untilRestart = interval;
  return true;
}

/** Before a unit, where there are restart markers. False: one is due, and another thing is there. */
function countToRestart(): bool {
  if (untilRestart === 0 && !restart()) return false;
  untilRestart -= 1;
  return true;
}

/** Of a progressive picture the scan of all components' DC coefficients, `rows` rows of units. False: it is broken. */
export function decodeDcUnits(rows: i32, high: i32, low: i32): bool {
  for (let row = 0; row < rows; row += 1) {
    for (let unit = 0; unit < units; unit += 1) {
      if (interval > 0 && !countToRestart()) return false;
      for (let part = 0; part < across * down; part += 1) {
        const line = down === 2 ? part >> 1 : 0;
        const column = down === 2 ? part & 1 : part;
        decodeDc(0, row * down + line, unit * across + column, high, low);
      }
      decodeDc(1, row, unit, high, low);
      decodeDc(2, row, unit, high, low);
    }
  }
  return isRead();
}

/**
 * A scan of one component alone, of the blocks that hold samples of the picture. False: it is broken.
 * @param begin, last places of the coefficients in the file; 0 and 0: DC
 * @param high bits that were there before, from this one on (0: none)
 * @param low bits that are there now, from this one on
 */
export function decodeBand(index: usize, columns: i32, rows: i32, begin: i32, last: i32, high: i32, low: i32): bool {
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      if (interval > 0 && !countToRestart()) return false;
      if (last === 0) decodeDc(index, row, column, high, low);
      else if (high === 0) beginBand(index, row, column, begin, last, low);
      else refineBand(index, row, column, begin, last, low);
    }
  }
  return isRead();
}

function isRead(): bool {
  return !isBroken && !isOverrun() && isSpent();
}

/** The next row of units of a progressive picture, from its coefficients. */
export function restoreRow(row: i32): void {
  restoreBlocks(0, row, across, down, units);
  if (isGray) return;
  restoreBlocks(1, row, 1, 1, units);
  restoreBlocks(2, row, 1, 1, units);
}

function decodeGrayRow(): bool {
  const gray = componentAt(0);
  for (let unit = 0; unit < units; unit += 1) {
    if (interval > 0 && !countToRestart()) return false;
    decodeInto(gray, gray.plane + <usize>(unit * gray.points));
  }
  return !isBroken && !isOverrun();
}

/** Decodes the next row of units. False: the bytes are broken or end too soon. */
export function decodeRow(): bool {
  if (isGray) return decodeGrayRow();
  const luma = componentAt(0);
  const blue = componentAt(1);
  const red = componentAt(2);
  for (let unit = 0; unit < units; unit += 1) {
    if (interval > 0 && !countToRestart()) return false;
    for (let row = 0; row < down; row += 1) {
      const line = rowOf(luma, row * luma.points) + <usize>(unit * across * luma.points);
      for (let column = 0; column < across; column += 1) decodeInto(luma, line + <usize>(column * luma.points));
    }
    decodeInto(blue, blue.plane + <usize>(unit * blue.points));
    decodeInto(red, red.plane + <usize>(unit * red.points));
  }
  return !isBroken && !isOverrun();
}

/** Whether the scan is read to its end, and the picture ends with it. */
export function isComplete(): bool {
  return isSpent() && marker() === END_OF_IMAGE;
}

/**
 * RGB of the row of units that was just decoded, one pixel row behind the other, `width` pixels each; of a picture
 * whose chroma is halved along both axes one pixel row later than decoded, as the next row of units has a part in it.
 * @param rows pixel rows of the picture that lie in this row of units
 * @param scratch room for two rows of chroma, each 32 bytes longer than the picture is wide
 * Gives how many pixel rows it wrote.
 */
export function takeRows(width: usize, rows: i32, isFirst: bool, isLast: bool, scratch: usize, target: usize): i32 {
  const luma = componentAt(0);
  if (isGray) {
    for (let row = 0; row < rows; row += 1, target += width * 3) grayToRgb(rowOf(luma, row), width, target);
    return rows;
  }
  const blue = componentAt(1);
  const red = componentAt(2);
  const chromaWidth = (width + <usize>chromaAcross - 1) / <usize>chromaAcross;
  if (chromaAcross === 2) {
    for (let row = 0; row < blue.points; row += 1) {
      repeatEdges(rowOf(blue, row), chromaWidth);
      repeatEdges(rowOf(red, row), chromaWidth);
    }
  }
  let first = 0;
  let end = rows;
  if (chromaDown === 2) {
    if (isFirst) {
      copyRow(blue, 0, -1);
      copyRow(red, 0, -1);
    } else {
      first = -1;
    }
    if (isLast) {
      const chromaRows = (rows + 1) >> 1;
      copyRow(blue, chromaRows - 1, chromaRows);
      copyRow(red, chromaRows - 1, chromaRows);
    } else {
      end = rows - 1;
    }
  }
  const otherScratch = scratch + width + 32;
  for (let row = first; row < end; row += 1, target += width * 3) {
    if (chromaAcross === 1) {
      toRgb(rowOf(luma, row), rowOf(blue, row), rowOf(red, row), width, target);
      continue;
    }
    const near = chromaDown === 1 ? row : row >> 1;
    if (chromaDown === 1) {
      doubleAcross(rowOf(blue, near), chromaWidth, scratch);
      doubleAcross(rowOf(red, near), chromaWidth, otherScratch);
    } else {
      const far = (row & 1) === 0 ? near - 1 : near + 1;
      doubleBoth(rowOf(blue, near), rowOf(blue, far), chromaWidth, scratch);
      doubleBoth(rowOf(red, near), rowOf(red, far), chromaWidth, otherScratch);
    }
    toRgb(rowOf(luma, row), scratch, otherScratch, width, target);
  }
  if (chromaDown === 2 && !isLast) {
    copyRow(luma, rows - 1, -1);
    copyRow(blue, 7, -1);
    copyRow(red, 7, -1);
  }
  return end - first;
}
