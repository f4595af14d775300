/** How the decoder's memory is divided for a picture: addresses, one region behind the other. Pure. */
import type { Jpeg } from './jpeg-file.ts';
import { type Eighths, partOf } from './sizes.ts';

/** Addresses of what belongs to a component. */
export interface ComponentPlaces {
  /** Its tables. */
  readonly dc: number;
  readonly ac: number;
  readonly skips: number;
  readonly quants: number;
  /** Of its first sample in a row of units. */
  readonly plane: number;
  /** Samples of a block along each axis. */
  readonly points: number;
  readonly coefficients: number;
  /** Bytes of them; 0 of a baseline picture, which needs none. */
  readonly gathered: number;
}

export interface Places {
  readonly components: readonly ComponentPlaces[];
  /** Bytes from one row of samples to the next. */
  readonly stride: number;
  /** For tables on their way. */
  readonly spec: number;
  /** For the decoder's own use. */
  readonly scratch: number;
  /** Of the pixel rows that it gives. */
  readonly target: number;
  /** Of the file's bytes from the first scan's on. */
  readonly source: number;
  /** Behind all of them. */
  readonly end: number;
}

/** Bytes of what the decoder's modules and its caller size. */
export interface Sizes {
  readonly table: number;
  readonly skips: number;
  readonly source: number;
}

/** Bytes before and behind a row of samples; of the room behind a region that vectors may reach into. */
const MARGIN = 16;
const ROOM = 64;
/** 16 counts and at most 256 symbols, as files write tables. */
const SPEC_BYTES = 16 + 256;
/** 64 numbers of 16 bits. */
const QUANTS_BYTES = 128;
const BLOCK_BYTES = 128;

/** A block of chroma with its luma, or one of gray, in a row of them. */
export const unitsOf = ({ width, across }: Jpeg): number => Math.ceil(width / (8 * across));

/** @param free where the first region may begin */
export function placesOf(jpeg: Jpeg, eighths: Eighths, free: number, sizes: Sizes): Places {
  const { across, down, components, kind } = jpeg;
  const { width } = partOf(jpeg, eighths);
  const units = unitsOf(jpeg);
  const unitRows = Math.ceil(jpeg.height / (8 * down));
  const stride = units * eighths * across + 2 * MARGIN;
  let end = free;
  const take = (bytes: number): number => {
    const at = end;
    end = Math.ceil((at + bytes + ROOM) / 16) * 16;
    return at;
  };
  return {
    spec: take(SPEC_BYTES),
    components: components.map((_, index) => {
      // Chroma that is halved along both axes is there as densely as luma, if its blocks have twice the samples.
      const points = index > 0 && down === 2 && eighths < 8 ? eighths * 2 : eighths;
      const blocks = units * unitRows * (index === 0 ? across * down : 1);
      const gathered = kind === 'progressive' ? blocks * BLOCK_BYTES : 0;
      return {
        points,
        dc: take(sizes.table),
        ac: take(sizes.table),
        skips: take(points === 8 || kind === 'progressive' ? 0 : sizes.skips),
        quants: take(QUANTS_BYTES),
        // A row before the ones of a row of units, and one behind.
        plane: take(stride * (points * (index === 0 ? down : 1) + 2)) + stride + MARGIN,
        coefficients: take(gathered),
        gathered,
      };
    }),
    stride,
    scratch: take(2 * (width + 2 * MARGIN)),
    // The last row of units may give the one pixel row more that the one before left.
    target: take((eighths * down + 1) * width * 3),
    source: take(sizes.source),
    end,
  };
}
