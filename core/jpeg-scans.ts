/**
 * The scans of a progressive JPEG: which coefficients, and which of their bits, each of them brings (ITU-T T.81, G.1.1).
 * Takes only files whose scans together bring every bit once, in an order that makes sense.
 */
import { END_OF_IMAGE, endOfScan, START_OF_SCAN, segmentsFrom } from './jpeg-segments.ts';
import { type Frame, type HuffmanTable, type JpegTables, QUANTS } from './jpeg-tables.ts';

export interface JpegScan {
  /** Indexes of its components: all of them, or one. */
  readonly components: readonly number[];
  /** One a component; none where a scan brings further bits of DC coefficients, which have no codes. */
  readonly tables: readonly HuffmanTable[];
  /** Places of its coefficients in the file: 0 to 0 (DC), or some from 1 to 63. */
  readonly first: number;
  readonly last: number;
  /** Its bits are those from `low` on, up to `high`, which came before; 0: none did. */
  readonly high: number;
  readonly low: number;
  readonly restartInterval: number;
  /** Of the first byte of its bits. */
  readonly begin: number;
}

/** Usual files have 10. Each goes over all blocks, so that a small file of thousands would keep a processor busy. */
const MOST_SCANS = 64;
const MOST_BITS = 13;
/** Of a coefficient that no scan has brought yet: its lowest bit that is there. */
const NONE = MOST_BITS + 1;

function scanOf(body: Uint8Array, begin: number, frame: Frame, tables: JpegTables): JpegScan | undefined {
  const count = body[0] ?? 0;
  const rest = 1 + 2 * count;
  if (body.length !== rest + 3 || (count !== 1 && count !== frame.ids.length)) return undefined;
  const [first = 0, last = 0, bits = 0] = body.subarray(rest);
  const [high, low] = [bits >> 4, bits & 15];
  const components: number[] = [];
  const own: HuffmanTable[] = [];
  for (let at = 0; at < count; at += 1) {
    const index = frame.ids.indexOf(body[1 + at * 2] ?? -1);
    // Of all components they stand in the frame's order.
    if (index < 0 || (count > 1 && index !== at)) return undefined;
    const chosen = body[2 + at * 2] ?? 0;
    const table = first === 0 ? tables.dc(chosen >> 4) : tables.ac(chosen & 15);
    components.push(index);
    if (first === 0 && high > 0) continue;
    if (!table) return undefined;
    own.push(table);
  }
  const isDc = first === 0 && last === 0;
  const isAc = first > 0 && first <= last && last < 64 && count === 1;
  if ((!isDc && !isAc) || low > MOST_BITS || (high > 0 && low !== high - 1)) return undefined;
  return { components, tables: own, first, last, high, low, restartInterval: tables.restartInterval, begin };
}

/** Of each component and coefficient the lowest bit that is there. */
class Progress {
  readonly #lowest: number[][];

  constructor(components: number) {
    this.#lowest = Array.from({ length: components }, () => new Array<number>(64).fill(NONE));
  }

  /** False: it brings what is there already, or what needs something before it. */
  take({ components, first, last, high, low }: JpegScan): boolean {
    for (const index of components) {
      const lowest = this.#lowest[index] ?? [];
      if (first > 0 && lowest[0] === NONE) return false;
      for (let at = first; at <= last; at += 1) {
        if (lowest[at] !== (high === 0 ? NONE : high)) return false;
        lowest[at] = low;
      }
    }
    return true;
  }

  get isComplete(): boolean {
    return this.#lowest.every((lowest) => lowest.every((bit) => bit === 0));
  }
}

/**
 * @param start of the first scan: its segment's body, and where its bits begin
 * @param tables what was said before it; takes what is said between scans
 * Undefined: something is broken or missing, also where the file ends too soon.
 */
export function readJpegScans(
  bytes: Uint8Array,
  start: { readonly body: Uint8Array; readonly end: number },
  frame: Frame,
  tables: JpegTables,
): readonly JpegScan[] | undefined {
  const progress = new Progress(frame.ids.length);
  const scans: JpegScan[] = [];
  for (let segment: typeof start | undefined = start; segment; ) {
    const scan = scanOf(segment.body, segment.end, frame, tables);
    if (!scan || !progress.take(scan) || scans.length === MOST_SCANS) return undefined;
    scans.push(scan);
    const end = endOfScan(bytes, scan.begin);
    if (end === undefined) return undefined;
    if (bytes[end + 1] === END_OF_IMAGE) return progress.isComplete ? scans : undefined;
    segment = undefined;
    for (const next of segmentsFrom(bytes, end)) {
      if (next.marker === START_OF_SCAN) segment = next;
      // Factors that change on the way would be right for some of the coefficients only.
      else if (next.marker === QUANTS || !tables.take(next.marker, next.body)) return undefined;
    }
  }
  return undefined;
}
