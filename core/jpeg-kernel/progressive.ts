/**
 * The blocks of a progressive picture (ITU-T T.81, G.1.2 and G.2): each scan gives some coefficients, or one more bit of
 * them, and the samples are made when all are there. Owns the run of blocks that a band has nothing more for.
 */
import { drop, needBlock, refill, take, takeBit } from './bits';
import { coefficientsAt, componentAt, rowOf, transformInto } from './components';
import { extended, markBroken, nextEntry, places } from './huffman';
import { block } from './regions';

/** Blocks whose band is over, from the next one on. */
let run: i32 = 0;

export function forgetRun(): void {
  run = 0;
}

/** `high`: 0 where this is the first scan of DC coefficients, which then has all bits from `low` on. */
export function decodeDc(index: usize, row: i32, column: i32, high: i32, low: i32): void {
  const at = coefficientsAt(index, row, column);
  needBlock();
  if (high > 0) {
    if (takeBit() !== 0) store<i16>(at, <i32>load<i16>(at) | (1 << low));
    return;
  }
  const component = componentAt(index);
  refill();
  const entry = nextEntry(component.dcTable);
  drop(entry & 63);
  let difference = entry >> 16;
  if (difference === 0) {
    const size = (entry >> 8) & 15;
    if (size > 0) difference = extended(take(size), size);
  }
  component.dc += difference;
  store<i16>(at, component.dc << low);
}

function placeOf(at: usize, place: i32): usize {
  return at + ((<usize>load<u8>(places + <usize>place)) << 1);
}

/** `zeros`: below 15, what a symbol without a size says. */
function runOf(zeros: i32): i32 {
  return (1 << zeros) + take(zeros);
}

/** The first scan of the coefficients from `begin` to `last`: all their bits from `low` on. */
export function beginBand(index: usize, row: i32, column: i32, begin: i32, last: i32, low: i32): void {
  if (run > 0) {
    run -= 1;
    return;
  }
  const at = coefficientsAt(index, row, column);
  const acTable = componentAt(index).acTable;
  needBlock();
  for (let place = begin; place <= last; place += 1) {
    refill();
    const entry = nextEntry(acTable);
    drop(entry & 63);
    let value = entry >> 16;
    if (value !== 0) {
      place += ((entry >> 8) & 255) - 1;
    } else {
      const size = (entry >> 8) & 15;
      const zeros = (entry >> 12) & 15;
      place += zeros;
      if (size === 0) {
        if (zeros === 15) continue;
        run = runOf(zeros) - 1;
        return;
      }
      value = extended(take(size), size);
    }
    if (place > last) {
      markBroken();
      return;
    }
    store<i16>(placeOf(at, place), value << low);
  }
}

/** One more bit of a coefficient that is there, whatever its sign. */
function refine(address: usize, low: i32): void {
  if (takeBit() === 0) return;
  const value = <i32>load<i16>(address);
  store<i16>(address, value + (value < 0 ? -1 << low : 1 << low));
}

/** From `place` on, over `zeros` coefficients that are 0, to the next one: gives its place. The others take their bit. */
function passOver(at: usize, place: i32, last: i32, zeros: i32, low: i32): i32 {
  for (; place <= last; place += 1) {
    const address = placeOf(at, place);
    if (load<i16>(address) !== 0) refine(address, low);
    else if (zeros === 0) break;
    else zeros -= 1;
  }
  return place;
}

/** A further scan of them: the bit at `low` of those that are there, and those that come with it. */
export function refineBand(index: usize, row: i32, column: i32, begin: i32, last: i32, low: i32): void {
  const at = coefficientsAt(index, row, column);
  const acTable = componentAt(index).acTable;
  needBlock();
  let place = begin;
  while (run === 0 && place <= last) {
    refill();
    const entry = nextEntry(acTable);
    drop(entry & 63);
    // Of size 1, and its sign with it where the table has room.
    let value = entry >> 16;
    let zeros = ((entry >> 8) & 255) - 1;
    if (value === 0) {
      const size = (entry >> 8) & 15;
      zeros = (entry >> 12) & 15;
      if (size > 1) markBroken();
      if (size === 0 && zeros < 15) run = runOf(zeros);
      if (size === 1) value = takeBit() !== 0 ? 1 : -1;
      if (run > 0) break;
    }
    place = passOver(at, place, last, zeros, low);
    if (value !== 0) {
      if (place > last || value > 1 || value < -1) {
        markBroken();
        return;
      }
      store<i16>(placeOf(at, place), value << low);
    }
    place += 1;
  }
  if (run === 0) return;
  passOver(at, place, last, 64, low);
  run -= 1;
}

/** Samples of a row of units: `across` times `down` blocks each. */
export function restoreBlocks(index: usize, row: i32, across: i32, down: i32, units: i32): void {
  const component = componentAt(index);
  const points = component.points;
  for (let line = 0; line < down; line += 1) {
    const target = rowOf(component, line * points);
    for (let column = 0; column < units * across; column += 1) {
      const from = coefficientsAt(index, row * down + line, column);
      let others = v128.load(from);
      others = i16x8.replace_lane(others, 0, 0);
      v128.store(block(), v128.load(from));
      for (let at: usize = 16; at < 128; at += 16) {
        const part = v128.load(from + at);
        others = v128.or(others, part);
        v128.store(block() + at, part);
      }
      transformInto(component, target + <usize>(column * points), !v128.any_true(others));
    }
  }
}
