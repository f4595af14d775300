/** A component of the picture: its tables, where its samples of a row of units lie, how its next block gets there. */
import { needBlock } from './bits';
import { decodeBlock, ENDED } from './huffman';
import { flatBlock, transformBlock } from './idct';
import { block, COMPONENT_BYTES, components } from './regions';
import { skipBlock } from './skips';
import { transformToFour, transformToTwo } from './small-idct';

/** Places in the file of the last of the lowest 4 x 4, and 2 x 2, coefficients. */
const LAST_OF_FOUR = 24;
const LAST_OF_TWO = 4;

@unmanaged
export class Component {
  dcTable: usize;
  acTable: usize;
  /** 64 i16, in the order of the block. */
  quants: usize;
  /** Its first sample in a row of units. A row before, one behind and a column on each side are there, too. */
  plane: usize;
  stride: usize;
  /** Of the block before. */
  dc: i32;
  /** Samples of a block along each axis: 8, or of a picture at a part of its size 4 or 2. */
  points: i32;
  /** What `buildSkips` made of the AC table; not read where all samples are made. */
  skips: usize;
  /** Of a progressive picture all coefficients, 64 i16 a block in the order of the block, row of blocks by row of blocks. */
  coefficients: usize;
  /** Blocks of such a row, those that fill up the last unit among them. */
  blocks: i32;
}

export function componentAt(index: usize): Component {
  return changetype<Component>(components() + index * COMPONENT_BYTES);
}

/** `index`: 0 luma, 1 blue chroma, 2 red chroma. */
export function setComponent(
  index: usize,
  dcTable: usize,
  acTable: usize,
  quants: usize,
  plane: usize,
  stride: usize,
  points: i32,
  skips: usize,
): void {
  const component = componentAt(index);
  component.dcTable = dcTable;
  component.acTable = acTable;
  component.quants = quants;
  component.plane = plane;
  component.stride = stride;
  component.points = points;
  component.skips = skips;
}

/** Where a progressive picture is gathered; all 0 before its first scan. */
export function setCoefficients(index: usize, coefficients: usize, blocks: i32): void {
  const component = componentAt(index);
  component.coefficients = coefficients;
  component.blocks = blocks;
}

/** Of the component `index`: the block of a row and column. */
export function coefficientsAt(index: usize, row: i32, column: i32): usize {
  const component = componentAt(index);
  return component.coefficients + ((<usize>(row * component.blocks + column)) << 7);
}

export function forgetDc(): void {
  for (let index: usize = 0; index < 3; index += 1) componentAt(index).dc = 0;
}

export function decodeInto(component: Component, target: usize): void {
  for (let at: usize = 0; at < 128; at += 16) v128.store(block() + at, i64x2.splat(0));
  needBlock();
  const points = component.points;
  const wanted = points === 8 ? 63 : points === 4 ? LAST_OF_FOUR : LAST_OF_TWO;
  const last = decodeBlock(component.dcTable, component.acTable, component.dc, wanted);
  component.dc = load<i16>(block());
  if (last < ENDED && last < 63) skipBlock(component.acTable, component.skips, last);
  transformInto(component, target, (last & ~ENDED) === 0);
}

/** Samples of what is in the block. @param isFlat there is none but the DC coefficient */
export function transformInto(component: Component, target: usize, isFlat: bool): void {
  const points = component.points;
  if (points === 4) transformToFour(component.quants, target, component.stride);
  else if (points === 2) transformToTwo(component.quants, target, component.stride);
  else if (isFlat) flatBlock(component.quants, target, component.stride);
  else transformBlock(component.quants, target, component.stride);
}

/** `row`: 0 is the first of the row of units; there is one before it, and one behind the last. */
export function rowOf(component: Component, row: i32): usize {
  return component.plane + <usize>row * component.stride;
}

export function copyRow(component: Component, from: i32, to: i32): void {
  memory.copy(rowOf(component, to) - 1, rowOf(component, from) - 1, component.stride);
}
