/**
 * JPEGs to RGB by the compiled decoder (core/jpeg-kernel/), to the bytes that libjpeg gives, or at a half or a quarter of
 * the size: one decoder and its memory a thread. Decodes a whole file of three components, baseline or progressive, or a
 * gray one; of any other, also of most broken ones, it gives undefined, and whoever calls asks a decoder that knows all
 * kinds.
 */
import { TwinlensError } from './errors.ts';
import type { BaselineJpeg, Jpeg, ProgressiveJpeg } from './jpeg-file.ts';
import { JPEG_KERNEL_BASE64 } from './jpeg-kernel-bytes.ts';
import { type Places, placesOf, unitsOf } from './jpeg-places.ts';
import type { JpegScan } from './jpeg-scans.ts';
import type { HuffmanTable } from './jpeg-tables.ts';
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
  readonly setCoefficients: (index: number, coefficients: number, blocks: number) => void;
  readonly decodeDcUnits: (rows: number, high: number, low: number) => number;
  readonly decodeBand: (
    ...args: [index: number, across: number, rows: number, begin: number, last: number, high: number, low: number]
  ) => number;
  readonly restoreRow: (row: number) => void;
  readonly takeRows: (
    ...args: [width: number, rows: number, isFirst: number, isLast: number, scratch: number, target: number]
  ) => number;
  readonly isComplete: () => number;
  readonly isCutShort: () => number;
}

/**
 * Bytes of the decoder's memory, which never shrinks: the file and some rows of the picture have to fit, of a progressive
 * one all its coefficients (so 5 megapixels with halved chroma, 2.6 with whole).
 */
export const MOST_MEMORY = 2 ** 24;
const FIRST_MEMORY = 2 ** 19;
/** Pixels; of pictures a few wide libjpeg makes chroma in another way, which gray ones don't have. */
const LEAST_SIDE = 16;
const LEAST_GRAY_SIDE = 1;

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
   * RGB, three bytes a pixel, row by row; of `partOf` the picture's size. Throws UNDECODABLE_IMAGE where a baseline file
   * ends too soon.
   * @param file the whole file that `jpeg` was read from
   * @param room gives as many bytes, which are filled and returned
   */
  decode(file: Uint8Array, jpeg: Jpeg, eighths: Eighths = 8, room = newBytes): Uint8Array<ArrayBuffer> | undefined {
    const least = jpeg.components.length === 1 ? LEAST_GRAY_SIDE : LEAST_SIDE;
    if (jpeg.width < least || jpeg.height < least) return undefined;
    const data = file.subarray(jpeg.kind === 'baseline' ? jpeg.begin : jpeg.scans[0]?.begin);
    const places = this.#divide(jpeg, eighths, data.length);
    if (!places) return undefined;
    this.#bytes.set(data, places.source);
    const end = places.source + data.length;
    const isBegun = jpeg.kind === 'baseline' ? this.#begin(jpeg, places, end) : this.#gather(jpeg, places, end);
    if (!isBegun) return undefined;
    const { scratch, target } = places;
    const { width, height } = partOf(jpeg, eighths);
    const unitRows = Math.ceil(jpeg.height / (8 * jpeg.down));
    const rowsOfUnit = eighths * jpeg.down;
    const pixels = room(width * height * 3);
    let at = 0;
    for (let row = 0; row < unitRows; row += 1) {
      if (jpeg.kind === 'progressive') this.#exports.restoreRow(row);
      else if (this.#exports.decodeRow() === 0) {
        if (this.#exports.isCutShort() !== 0) throw cutShort();
        return undefined;
      }
      const rows = Math.min(rowsOfUnit, height - row * rowsOfUnit);
      const isLast = row === unitRows - 1;
      const taken = this.#exports.takeRows(width, rows, row === 0 ? 1 : 0, isLast ? 1 : 0, scratch, target);
      pixels.set(this.#bytes.subarray(target, target + taken * width * 3), at);
      at += taken * width * 3;
    }
    return jpeg.kind === 'baseline' && this.#exports.isComplete() === 0 ? undefined : pixels;
  }

  /** Divides the memory; undefined: the picture doesn't fit. */
  #divide(jpeg: Jpeg, eighths: Eighths, sourceBytes: number): Places | undefined {
    const { free, tableBytes, skipsBytes, spreadQuants, setComponent } = this.#exports;
    const sizes = { table: tableBytes(), skips: skipsBytes(), source: sourceBytes };
    const places = placesOf(jpeg, eighths, free(), sizes);
    if (!this.#fits(places.end)) return undefined;
    for (const [index, { dc, ac, quants, plane, points, skips }] of places.components.entries()) {
      this.#bytes.set(jpeg.components[index]?.quants ?? [], places.spec);
      spreadQuants(places.spec, quants);
      setComponent(index, dc, ac, quants, plane, places.stride, points, skips);
    }
    return places;
  }

  /** Opens the one scan, to be decoded row by row. False: its tables make no sense. */
  #begin(jpeg: BaselineJpeg, { components, spec, source }: Places, end: number): boolean {
    for (const [index, { dc, ac, points, skips }] of components.entries()) {
      const own = jpeg.components[index];
      if (!own || !this.#writeTable(own.dc, dc, spec) || !this.#writeTable(own.ac, ac, spec)) return false;
      if (points < 8) this.#exports.buildSkips(ac, skips);
    }
    this.#openScan(jpeg, source, end, jpeg.restartInterval);
    return true;
  }

  /** All coefficients, from all scans. False: one of them is broken. */
  #gather(jpeg: ProgressiveJpeg, places: Places, end: number): boolean {
    const units = unitsOf(jpeg);
    for (const [index, { coefficients, gathered }] of places.components.entries()) {
      this.#bytes.fill(0, coefficients, coefficients + gathered);
      this.#exports.setCoefficients(index, coefficients, index === 0 ? units * jpeg.across : units);
    }
    const start = jpeg.scans[0]?.begin ?? 0;
    return jpeg.scans.every((scan) => {
      this.#openScan(jpeg, places.source + scan.begin - start, end, scan.restartInterval);
      return this.#gatherScan(jpeg, scan, places);
    });
  }

  #gatherScan(jpeg: ProgressiveJpeg, scan: JpegScan, { components, spec }: Places): boolean {
    const { first, last, high, low } = scan;
    const isWritten = scan.tables.every((table, at) => {
      const place = components[scan.components[at] ?? -1];
      return place && this.#writeTable(table, first === 0 ? place.dc : place.ac, spec);
    });
    if (!isWritten) return false;
    if (scan.components.length > 1) {
      return this.#exports.decodeDcUnits(Math.ceil(jpeg.height / (8 * jpeg.down)), high, low) !== 0;
    }
    // Alone, a component has no blocks but those that hold samples of the picture.
    const [index = 0] = scan.components;
    const across = Math.ceil(Math.ceil(jpeg.width / (index === 0 ? 1 : jpeg.across)) / 8);
    const rows = Math.ceil(Math.ceil(jpeg.height / (index === 0 ? 1 : jpeg.down)) / 8);
    return this.#exports.decodeBand(index, across, rows, first, last, high, low) !== 0;
  }

  #openScan(jpeg: Jpeg, at: number, end: number, restartInterval: number): void {
    const { across, down, components } = jpeg;
    this.#exports.openScan(at, end, across, down, unitsOf(jpeg), restartInterval, components.length);
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
