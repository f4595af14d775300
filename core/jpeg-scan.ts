/**
 * What a decoder has to know of a JPEG's one scan: size, sampling, tables and where its bits begin (ITU-T T.81,
 * Annex B; JFIF 1.02). Reads baseline files of three components in one scan, luma and chroma, or of one, gray; knows no
 * other kind.
 */
import { jpegSegments, START_OF_SCAN, startsWith } from './jpeg-segments.ts';

export interface HuffmanTable {
  /** How many codes have 1 to 16 bits. */
  readonly counts: Uint8Array;
  readonly symbols: Uint8Array;
}

export interface JpegComponent {
  /** Factors of the 64 coefficients, in the order of the file. */
  readonly quants: Uint8Array;
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable;
}

export interface JpegScan {
  readonly width: number;
  readonly height: number;
  /** Luma samples for one of chroma, along each axis; 1 where there is none. */
  readonly across: 1 | 2;
  readonly down: 1 | 2;
  /** Groups of blocks, of gray blocks, between two restart markers; 0: there are none. */
  readonly restartInterval: number;
  /** Luma, blue and red chroma; or luma alone. */
  readonly components: readonly [JpegComponent, JpegComponent, JpegComponent] | readonly [JpegComponent];
  /** Of the first byte of the scan's bits. */
  readonly begin: number;
}

const [BASELINE, EXTENDED] = [0xc0, 0xc1];
const [HUFFMAN, QUANTS, RESTARTS, JFIF, ADOBE] = [0xc4, 0xdb, 0xdd, 0xe0, 0xee];
const MOST_DC_BITS = 11;
const MOST_FACTOR = 4;

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly ids: readonly number[];
  readonly samplings: readonly number[];
  readonly quants: readonly number[];
}

interface Tables {
  readonly quants: Map<number, Uint8Array>;
  /** By class and number, as DHT writes them. */
  readonly huffman: Map<number, HuffmanTable>;
}

/** False: not of 8 bits, or cut short. */
function readQuants(body: Uint8Array, { quants }: Tables): boolean {
  for (let at = 0; at < body.length; at += 65) {
    const number = body[at] ?? 0;
    if (number > 3 || at + 65 > body.length) return false;
    quants.set(number, body.subarray(at + 1, at + 65));
  }
  return true;
}

function readHuffman(body: Uint8Array, { huffman }: Tables): boolean {
  for (let at = 0; at < body.length; ) {
    const number = body[at] ?? 0;
    const counts = body.subarray(at + 1, at + 17);
    const size = counts.reduce((sum, count) => sum + count, 0);
    const symbols = body.subarray(at + 17, at + 17 + size);
    if (counts.length < 16 || symbols.length < size || size > 256) return false;
    if (number < 0x10 && symbols.some((bits) => bits > MOST_DC_BITS)) return false;
    huffman.set(number, { counts, symbols });
    at += 17 + size;
  }
  return true;
}

function readFrame(body: Uint8Array): Frame | undefined {
  const count = body[5];
  if (body[0] !== 8 || (count !== 1 && count !== 3) || body.length !== 6 + 3 * count) return undefined;
  const field = (offset: number) => [6, 9, 12].slice(0, count).map((at) => body[at + offset] ?? 0);
  const [height, width] = [((body[1] ?? 0) << 8) | (body[2] ?? 0), ((body[3] ?? 0) << 8) | (body[4] ?? 0)];
  return { width, height, ids: field(0), samplings: field(1), quants: field(2) };
}

/** What says in which colours the components are. */
interface Signs {
  jfif: boolean;
  /** The transform that an Adobe segment names; undefined: there is none. */
  adobe: number | undefined;
}

/** Whether the components are luma and chroma, or luma alone: as libjpeg decides it. */
function isYcc(signs: Signs, ids: readonly number[]): boolean {
  if (ids.length === 1) return true;
  if (signs.jfif) return true;
  if (signs.adobe !== undefined) return signs.adobe === 1;
  return ids.every((id, index) => id === index + 1);
}

const isFactor = (value: number): boolean => value >= 1 && value <= MOST_FACTOR;

function scanOf(
  body: Uint8Array,
  begin: number,
  frame: Frame,
  tables: Tables,
): Omit<JpegScan, 'restartInterval'> | undefined {
  // All components, all coefficients, all bits: what a baseline scan says.
  const count = frame.ids.length;
  const rest = 1 + 2 * count;
  if (body.length !== rest + 3 || body[0] !== count) return undefined;
  if (body[rest] !== 0 || body[rest + 1] !== 63 || body[rest + 2] !== 0) return undefined;
  const components: JpegComponent[] = [];
  for (const [index, id] of frame.ids.entries()) {
    const chosen = body[2 + index * 2] ?? 0;
    const quants = tables.quants.get(frame.quants[index] ?? -1);
    const dc = tables.huffman.get(chosen >> 4);
    const ac = tables.huffman.get(0x10 | (chosen & 15));
    if (body[1 + index * 2] !== id || !quants || !dc || !ac) return undefined;
    components.push({ quants, dc, ac });
  }
  const [luma, blue, red] = components;
  const [own = 0, ...others] = frame.samplings;
  const { width, height } = frame;
  // Where there is nothing to share a group with, a group is one block, whatever the factors (T.81, A.2.2).
  if (luma && count === 1) {
    return isFactor(own >> 4) && isFactor(own & 15)
      ? { width, height, across: 1, down: 1, components: [luma], begin }
      : undefined;
  }
  if (!luma || !blue || !red || others.some((factors) => factors !== 0x11)) return undefined;
  if (own !== 0x11 && own !== 0x21 && own !== 0x22) return undefined;
  const [across, down] = [own === 0x11 ? 1 : 2, own === 0x22 ? 2 : 1] as const;
  return { width, height, across, down, components: [luma, blue, red], begin };
}

/** @param bytes the whole file. Undefined: it is of another kind, or broken. */
export function readJpegScan(bytes: Uint8Array): JpegScan | undefined {
  const tables: Tables = { quants: new Map(), huffman: new Map() };
  const signs: Signs = { jfif: false, adobe: undefined };
  let frame: Frame | undefined;
  let restartInterval = 0;
  for (const { marker, body, end } of jpegSegments(bytes)) {
    switch (marker) {
      case BASELINE:
      case EXTENDED:
        if (frame) return undefined;
        frame = readFrame(body);
        if (!frame) return undefined;
        break;
      case HUFFMAN:
        if (!readHuffman(body, tables)) return undefined;
        break;
      case QUANTS:
        if (!readQuants(body, tables)) return undefined;
        break;
      case RESTARTS:
        if (body.length !== 2) return undefined;
        restartInterval = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
        break;
      case JFIF:
        signs.jfif ||= body.length >= 12 && startsWith(body, 'JFIF\0');
        break;
      case ADOBE:
        if (body.length >= 12 && startsWith(body, 'Adobe')) signs.adobe = body[11];
        break;
      case START_OF_SCAN: {
        const scan = frame && isYcc(signs, frame.ids) ? scanOf(body, end, frame, tables) : undefined;
        return scan && { ...scan, restartInterval };
      }
      default:
        // Comments and applications' own; every other frame and table is of another kind of JPEG.
        if (marker !== 0xfe && (marker < 0xe0 || marker > 0xef)) return undefined;
    }
  }
  return undefined;
}
