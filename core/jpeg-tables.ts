/**
 * What a JPEG's segments say of how its scans are to be read: frame, tables, restart interval, and the signs of its
 * colours (ITU-T T.81, Annex B; JFIF 1.02). Knows no scan.
 */
import { startsWith } from './jpeg-segments.ts';

export interface HuffmanTable {
  /** How many codes have 1 to 16 bits. */
  readonly counts: Uint8Array;
  readonly symbols: Uint8Array;
}

export interface Frame {
  readonly isProgressive: boolean;
  readonly width: number;
  readonly height: number;
  /** Of each component, as the file numbers them. */
  readonly ids: readonly number[];
  /** Numbers of their tables. */
  readonly quants: readonly number[];
  /** Luma samples for one of chroma, along each axis; 1 where there is none. */
  readonly across: 1 | 2;
  readonly down: 1 | 2;
}

const [BASELINE, EXTENDED, PROGRESSIVE] = [0xc0, 0xc1, 0xc2];
const [HUFFMAN, RESTARTS, JFIF, ADOBE, COMMENT] = [0xc4, 0xdd, 0xe0, 0xee, 0xfe];
/** The marker before factors of coefficients. */
export const QUANTS = 0xdb;
const MOST_DC_BITS = 11;
const MOST_FACTOR = 4;

const isFactor = (value: number): boolean => value >= 1 && value <= MOST_FACTOR;

/** Of the samplings that a decoder here knows; undefined: another one. */
function sampling(factors: readonly number[]): Pick<Frame, 'across' | 'down'> | undefined {
  const [own = 0, ...others] = factors;
  // Where there is nothing to share a group with, a group is one block, whatever the factors (T.81, A.2.2).
  if (others.length === 0) return isFactor(own >> 4) && isFactor(own & 15) ? { across: 1, down: 1 } : undefined;
  if (others.some((factor) => factor !== 0x11)) return undefined;
  if (own !== 0x11 && own !== 0x21 && own !== 0x22) return undefined;
  return { across: own === 0x11 ? 1 : 2, down: own === 0x22 ? 2 : 1 };
}

function frameOf(body: Uint8Array, isProgressive: boolean): Frame | undefined {
  const count = body[5];
  if (body[0] !== 8 || (count !== 1 && count !== 3) || body.length !== 6 + 3 * count) return undefined;
  const field = (offset: number) => [6, 9, 12].slice(0, count).map((at) => body[at + offset] ?? 0);
  const [height, width] = [((body[1] ?? 0) << 8) | (body[2] ?? 0), ((body[3] ?? 0) << 8) | (body[4] ?? 0)];
  const samples = sampling(field(1));
  return samples && { isProgressive, width, height, ids: field(0), quants: field(2), ...samples };
}

export class JpegTables {
  frame: Frame | undefined;
  /** Groups of blocks between two restart markers; 0: there are none. */
  restartInterval = 0;
  readonly #quants = new Map<number, Uint8Array>();
  /** By class and number, as DHT writes them. */
  readonly #huffman = new Map<number, HuffmanTable>();
  #isJfif = false;
  /** The transform that an Adobe segment names; undefined: there is none. */
  #adobe: number | undefined;

  /** False: it is broken, or of a kind of JPEG that is not read here. */
  take(marker: number, body: Uint8Array): boolean {
    switch (marker) {
      case BASELINE:
      case EXTENDED:
      case PROGRESSIVE:
        if (this.frame) return false;
        this.frame = frameOf(body, marker === PROGRESSIVE);
        return this.frame !== undefined;
      case HUFFMAN:
        return this.#takeHuffman(body);
      case QUANTS:
        return this.#takeQuants(body);
      case RESTARTS:
        this.restartInterval = ((body[0] ?? 0) << 8) | (body[1] ?? 0);
        return body.length === 2;
      case JFIF:
        this.#isJfif ||= body.length >= 12 && startsWith(body, 'JFIF\0');
        return true;
      case ADOBE:
        if (body.length >= 12 && startsWith(body, 'Adobe')) this.#adobe = body[11];
        return true;
      default:
        // Comments and applications' own; every other frame and table is of another kind of JPEG.
        return marker === COMMENT || (marker >= 0xe0 && marker <= 0xef);
    }
  }

  /** Factors of the 64 coefficients, in the order of the file. */
  quants(number: number): Uint8Array | undefined {
    return this.#quants.get(number);
  }

  dc(number: number): HuffmanTable | undefined {
    return this.#huffman.get(number);
  }

  ac(number: number): HuffmanTable | undefined {
    return this.#huffman.get(0x10 | number);
  }

  /** Whether the components are luma and chroma, or luma alone: as libjpeg decides it. */
  get isYcc(): boolean {
    const ids = this.frame?.ids ?? [];
    if (ids.length === 1 || this.#isJfif) return true;
    if (this.#adobe !== undefined) return this.#adobe === 1;
    return ids.every((id, index) => id === index + 1);
  }

  /** False: not of 8 bits, or cut short. */
  #takeQuants(body: Uint8Array): boolean {
    for (let at = 0; at < body.length; at += 65) {
      const number = body[at] ?? 0;
      if (number > 3 || at + 65 > body.length) return false;
      this.#quants.set(number, body.subarray(at + 1, at + 65));
    }
    return true;
  }

  #takeHuffman(body: Uint8Array): boolean {
    for (let at = 0; at < body.length; ) {
      const number = body[at] ?? 0;
      const counts = body.subarray(at + 1, at + 17);
      const size = counts.reduce((sum, count) => sum + count, 0);
      const symbols = body.subarray(at + 17, at + 17 + size);
      if (counts.length < 16 || symbols.length < size || size > 256) return false;
      if (number < 0x10 && symbols.some((bits) => bits > MOST_DC_BITS)) return false;
      this.#huffman.set(number, { counts, symbols });
      at += 17 + size;
    }
    return true;
  }
}
