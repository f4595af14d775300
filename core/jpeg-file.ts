/**
 * What a decoder has to know of a JPEG: size, sampling, tables and where its scans' bits begin. Reads files of three
 * components, luma and chroma, or of one, gray: baseline ones with a single scan, and progressive ones. Knows no other
 * kind.
 */
import { type JpegScan, readJpegScans } from './jpeg-scans.ts';
import { jpegSegments, START_OF_SCAN } from './jpeg-segments.ts';
import { type Frame, type HuffmanTable, JpegTables } from './jpeg-tables.ts';

export interface JpegComponent {
  /** Factors of the 64 coefficients, in the order of the file. */
  readonly quants: Uint8Array;
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable;
}

interface JpegPicture {
  readonly width: number;
  readonly height: number;
  /** Luma samples for one of chroma, along each axis; 1 where there is none. */
  readonly across: 1 | 2;
  readonly down: 1 | 2;
}

export interface BaselineJpeg extends JpegPicture {
  readonly kind: 'baseline';
  /** Groups of blocks, of gray blocks, between two restart markers; 0: there are none. */
  readonly restartInterval: number;
  /** Luma, blue and red chroma; or luma alone. */
  readonly components: readonly JpegComponent[];
  /** Of the first byte of the scan's bits. */
  readonly begin: number;
}

export interface ProgressiveJpeg extends JpegPicture {
  readonly kind: 'progressive';
  /** Luma, blue and red chroma; or luma alone. */
  readonly components: readonly Pick<JpegComponent, 'quants'>[];
  /** In the order of the file. */
  readonly scans: readonly JpegScan[];
}

export type Jpeg = BaselineJpeg | ProgressiveJpeg;

/** Components with all that they need; undefined: a table is missing, or the scan is not one of all coefficients. */
function baselineComponents(body: Uint8Array, frame: Frame, tables: JpegTables): JpegComponent[] | undefined {
  // All components, all coefficients, all bits: what a baseline scan says.
  const count = frame.ids.length;
  const rest = 1 + 2 * count;
  if (body.length !== rest + 3 || body[0] !== count) return undefined;
  if (body[rest] !== 0 || body[rest + 1] !== 63 || body[rest + 2] !== 0) return undefined;
  const components: JpegComponent[] = [];
  for (const [index, id] of frame.ids.entries()) {
    const chosen = body[2 + index * 2] ?? 0;
    const quants = tables.quants(frame.quants[index] ?? -1);
    const dc = tables.dc(chosen >> 4);
    const ac = tables.ac(chosen & 15);
    if (body[1 + index * 2] !== id || !quants || !dc || !ac) return undefined;
    components.push({ quants, dc, ac });
  }
  return components;
}

function progressiveComponents(frame: Frame, tables: JpegTables): Pick<JpegComponent, 'quants'>[] | undefined {
  const components: Pick<JpegComponent, 'quants'>[] = [];
  for (const number of frame.quants) {
    const quants = tables.quants(number);
    if (!quants) return undefined;
    components.push({ quants });
  }
  return components;
}

/** @param bytes the whole file. Undefined: it is of another kind, or broken. */
export function readJpeg(bytes: Uint8Array): Jpeg | undefined {
  const tables = new JpegTables();
  for (const segment of jpegSegments(bytes)) {
    const { marker, body, end: begin } = segment;
    if (marker !== START_OF_SCAN) {
      if (!tables.take(marker, body)) return undefined;
      continue;
    }
    const { frame, restartInterval } = tables;
    if (!frame || !tables.isYcc) return undefined;
    const { width, height, across, down } = frame;
    const picture = { width, height, across, down };
    if (!frame.isProgressive) {
      const components = baselineComponents(body, frame, tables);
      return components && { kind: 'baseline', ...picture, restartInterval, components, begin };
    }
    const components = progressiveComponents(frame, tables);
    const scans = components && readJpegScans(bytes, segment, frame, tables);
    return scans && { kind: 'progressive', ...picture, components, scans };
  }
  return undefined;
}
