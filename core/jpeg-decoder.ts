/**
 * JPEGs to RGB by the compiled decoder (core/jpeg-kernel/), to the bytes that libjpeg gives, or at a half or a quarter of
 * the size: one decoder and its memory a thread. Decodes a whole baseline file of three components, the usual kind, or a
 * gray one; of any other, also of most broken ones, it gives undefined, and whoever calls asks a decoder that knows all
 * kinds.
 */
import { TwinlensError } from './errors.ts';
import { JPEG_KERNEL_BASE64 } from './jpeg-kernel-bytes.ts';
import type { HuffmanTable, JpegScan } from './jpeg-scan.ts';
import { type Eighths, partOf } from './sizes.ts';
import { onePerThread, PAGE, type Started, startModule } from './wasm.ts';

interface Exports {
  readonly free: () => number;
  readonly tableBytes: () => number;
  readonly buildTable: (table: number, counts: number, symbols: number) => number;
  readonly spreadQuants: (file: number, quants: number) => void;
  readonly skipsBytes: () => number;
  readonly buildSkips: (acTable: number, skips: number) => void;
  readonly setComponent: (
    ...args: [
      ...[index: number, dcTable: number, acTable: number, quants: number],
      ...[plane: number, stride: number, points: number, skips: number],
    ]
  ) => void;
  readonly openScan: (
    ...args: [
      ...[at: number, end: number, across: number, down: number],
      ...[units: number, interval: number, components: number],
    ]
  ) => void;
  readonly decodeRow: () => number;
  readonly takeRows: (
    ...args: [width: number, rows: number, isFirst: number, isLast: number, scratch: number, target: number]
  ) => number;
  readonly isComplete: () => number;
  readonly isCutShort: () => number;
}

/** Bytes of the decoder's memory, which never shrinks: the file and some rows of the picture have to fit. */
export const MOST_MEMORY = 2 ** 24;
const FIRST_MEMORY = 2 ** 19;
/** Pixels; of pictures a few wide libjpeg makes chroma in another way, which gray ones don't have. */
const LEAST_SIDE = 16;
const LEAST_GRAY_SIDE = 1;
/** Bytes before and behind a row of samples; of the room behind a region that vectors may reach into. */
const MARGIN = 16;
const ROOM = 64;
/** 64 of 16 bits. */
const QUANTS_BYTES = 128;

interface Places {
  /** For the decoder's own use. */
  readonly scratch: number;
  /** Of the pixel rows that it gives. */
  readonly target: number;
}

/** Addresses, one region behind the other. */
class Regions {
  #end: number;

  constructor(base: number) {
    this.#end = base;
  }

  get end(): number {
    return this.#end;
  }

  take(bytes: number): number {
    const at = this.#end;
    this.#end = (at + bytes + ROOM + 15) & ~15;
    return at;
  }
}

const cutShort = () =>
  new TwinlensError('UNDECODABLE_IMAGE', 'The jpeg file ends before its picture does; send the whole file.');

const newBytes = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length);

export class JpegDecoder {
  readonly #memory: WebAssembly.Memory;
  readonly #exports: Exports;
  #bytes: Uint8Array<ArrayBuffer>;

  constructor({ memory, exports }: Started) {
    this.#memory = memory;
    this.#exports = exports as unknown as Exports;
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /**
   * RGB, three bytes a pixel, row by row; of `partOf` the picture's size. Throws UNDECODABLE_IMAGE where the file ends
   * too soon.
   * @param file the whole file that `scan` was read from
   * @param room gives as many bytes, which are filled and returned
   */
  decode(file: Uint8Array, scan: JpegScan, eighths: Eighths = 8, room = newBytes): Uint8Array<ArrayBuffer> | undefined {
    const least = scan.components.length === 1 ? LEAST_GRAY_SIDE : LEAST_SIDE;
    if (scan.width < least || scan.height < least) return undefined;
    const places = this.#prepare(file, scan, eighths);
    if (!places) return undefined;
    const { scratch, target } = places;
    const { width, height } = partOf(scan, eighths);
    const unitRows = Math.ceil(scan.height / (8 * scan.down));
    const rowsOfUnit = eighths * scan.down;
    const pixels = room(width * height * 3);
    let at = 0;
    for (let row = 0; row < unitRows; row += 1) {
      if (this.#exports.decodeRow() === 0) {
        if (this.#exports.isCutShort() !== 0) throw cutShort();
        return undefined;
      }
      const rows = Math.min(rowsOfUnit, height - row * rowsOfUnit);
      const isLast = row === unitRows - 1;
      const taken = this.#exports.takeRows(width, rows, row === 0 ? 1 : 0, isLast ? 1 : 0, scratch, target);
      pixels.set(this.#bytes.subarray(target, target + taken * width * 3), at);
      at += taken * width * 3;
    }
    return this.#exports.isComplete() === 0 ? undefined : pixels;
  }

  /** Divides the memory and fills it; undefined: the picture doesn't fit, or its tables make no sense. */
  #prepare(file: Uint8Array, scan: JpegScan, eighths: Eighths): Places | undefined {
    const { across, down, components, begin, restartInterval } = scan;
    const { free, tableBytes, skipsBytes, spreadQuants, buildSkips, setComponent, openScan } = this.#exports;
    const { width } = partOf(scan, eighths);
    const units = Math.ceil(scan.width / (8 * across));
    const stride = units * eighths * across + 2 * MARGIN;
    const regions = new Regions(free());
    const spec = regions.take(16 + 256);
    const places = components.map((component, index) => {
      // Chroma that is halved along both axes is there as densely as luma, if its blocks have twice the samples.
      const points = index > 0 && down === 2 && eighths < 8 ? eighths * 2 : eighths;
      return {
        component,
        points,
        dc: regions.take(tableBytes()),
        ac: regions.take(tableBytes()),
        skips: regions.take(points === 8 ? 0 : skipsBytes()),
        quants: regions.take(QUANTS_BYTES),
        // A row before the ones of a row of units, and one behind.
        plane: regions.take(stride * (points * (index === 0 ? down : 1) + 2)) + stride + MARGIN,
      };
    });
    const scratch = regions.take(2 * (width + 2 * MARGIN));
    // The last row of units may give the one pixel row more that the one before left.
    const target = regions.take((eighths * down + 1) * width * 3);
    const data = file.subarray(begin);
    const source = regions.take(data.length);
    if (!this.#fits(regions.end)) return undefined;
    for (const [index, { component, points, dc, ac, skips, quants, plane }] of places.entries()) {
      if (!this.#writeTable(component.dc, dc, spec) || !this.#writeTable(component.ac, ac, spec)) return undefined;
      if (points < 8) buildSkips(ac, skips);
      this.#bytes.set(component.quants, spec);
      spreadQuants(spec, quants);
      setComponent(index, dc, ac, quants, plane, stride, points, skips);
    }
    this.#bytes.set(data, source);
    openScan(source, source + data.length, across, down, units, restartInterval, components.length);
    return { scratch, target };
  }

  #fits(end: number): boolean {
    if (end <= this.#bytes.length) return true;
    try {
      this.#memory.grow(Math.ceil((end - this.#bytes.length) / PAGE));
    } catch {
      return false; // Beyond its bound, or the platform has no more: whoever asks has another decoder.
    }
    this.#bytes = new Uint8Array(this.#memory.buffer);
    return true;
  }

  #writeTable({ counts, symbols }: HuffmanTable, at: number, spec: number): boolean {
    this.#bytes.set(counts, spec);
    this.#bytes.set(symbols, spec + counts.length);
    return this.#exports.buildTable(at, spec, spec + counts.length) !== 0;
  }
}

/** Undefined where there is no WebAssembly SIMD. */
export function createJpegDecoder(): JpegDecoder | undefined {
  const started = startModule(JPEG_KERNEL_BASE64, FIRST_MEMORY, MOST_MEMORY);
  return started && new JpegDecoder(started);
}

/** This thread's decoder; without one the platform's decodes. */
export const threadJpegDecoder = onePerThread(createJpegDecoder);
