/**
 * A baseline JPEG at a half or a quarter of its size, computed in the plainest way: bit by bit, coefficient by
 * coefficient. What core's compiled decoder has to give, to the byte. Trusts that the file is whole.
 */
import type { BaselineJpeg, JpegComponent } from '../../core/jpeg-file.ts';
import type { HuffmanTable } from '../../core/jpeg-tables.ts';
import { partOf } from '../../core/sizes.ts';

const ZIGZAG = [
  ...[0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21],
  ...[28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61],
  ...[54, 47, 55, 62, 63],
];

class Bits {
  readonly #bytes: Uint8Array;
  #at: number;
  #bit = 0;

  constructor(bytes: Uint8Array, begin: number) {
    this.#bytes = bytes;
    this.#at = begin;
  }

  read(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left -= 1) {
      value = (value << 1) | (((this.#bytes[this.#at] ?? 0) >> (7 - this.#bit)) & 1);
      this.#bit += 1;
      if (this.#bit === 8) this.#nextByte();
    }
    return value;
  }

  #nextByte(): void {
    this.#bit = 0;
    this.#at += this.#bytes[this.#at] === 0xff && this.#bytes[this.#at + 1] === 0 ? 2 : 1;
  }

  symbol({ counts, symbols }: HuffmanTable): number {
    let [code, first, index] = [0, 0, 0];
    for (const count of counts) {
      code = (code << 1) | this.read(1);
      if (code - first < count) return symbols[index + code - first] ?? 0;
      index += count;
      first = (first + count) << 1;
    }
    throw new Error('no such code');
  }

  /** A number of so many bits (T.81, F.2.2.1). */
  number(size: number): number {
    const value = this.read(size);
    return size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }

  /** Its 64 dequantized coefficients, row by row. @param mean the DC coefficient of the block before */
  block({ dc, ac, quants }: JpegComponent, mean: number): { readonly block: readonly number[]; readonly mean: number } {
    const block = new Array<number>(64).fill(0);
    const own = mean + this.number(this.symbol(dc));
    block[0] = own * (quants[0] ?? 0);
    for (let k = 1; k < 64; k += 1) {
      const symbol = this.symbol(ac);
      if (symbol === 0) break;
      k += symbol >> 4;
      block[ZIGZAG[k] ?? 63] = this.number(symbol & 15) * (quants[k] ?? 0);
    }
    return { block, mean: own };
  }

  /** Goes past a restart marker. */
  restart(): void {
    if (this.#bit > 0) this.#nextByte();
    this.#at += 2;
  }
}

const clamp = (value: number) => Math.max(0, Math.min(255, value));

/**
 * The first half of the inverse cosine transform's rows, times 2^13, for 4 and 8 points, in libjpeg's whole numbers; the
 * other half is its mirror, with the odd columns' signs changed.
 */
const ROWS: Readonly<Record<4 | 8, readonly (readonly number[])[]>> = {
  4: [
    [8192, 10703, 8192, 4433],
    [8192, 4433, -8192, -10703],
  ],
  8: [
    [8192, 11363, 10703, 9633, 8192, 6437, 4433, 2260],
    [8192, 9633, 4433, -2259, -8192, -11362, -10704, -6436],
    [8192, 6437, -4433, -11362, -8192, 2261, 10704, 9633],
    [8192, 2260, -10703, -6436, 8192, 9633, -4433, -11363],
  ],
};

function transformed(values: readonly number[], points: 4 | 8, shift: number): number[] {
  const sum = (row: readonly number[], odd: 1 | -1) => {
    const products = row.map((factor, k) => factor * (values[k] ?? 0) * (k % 2 === 1 ? odd : 1));
    return (products.reduce((total, product) => total + product, 0) + (1 << (shift - 1))) >> shift;
  };
  const half = ROWS[points];
  return [...half.map((row) => sum(row, 1)), ...half.toReversed().map((row) => sum(row, -1))];
}

/** The samples of a block, `points` a side, from its dequantized coefficients. */
function samples(block: readonly number[], points: 2 | 4 | 8): number[] {
  const at = (row: number, column: number) => block[row * 8 + column] ?? 0;
  if (points === 2) {
    return [1, -1].flatMap((y) =>
      [1, -1].map((x) => clamp(((at(0, 0) + x * at(0, 1) + y * at(1, 0) + x * y * at(1, 1) + 4) >> 3) + 128)),
    );
  }
  const places = [...new Array(points).keys()];
  const columns = places.map((column) =>
    transformed(
      places.map((row) => at(row, column)),
      points,
      11,
    ),
  );
  return places.flatMap((row) =>
    transformed(
      columns.map((column) => column[row] ?? 0),
      points,
      18,
    ).map((value) => clamp(value + 128)),
  );
}

interface Plane {
  readonly width: number;
  readonly bytes: Uint8Array;
}

/** Luma, blue and red chroma, or luma alone. Chroma of pictures halved along both axes is made at the size of luma. */
function planesOf(file: Uint8Array, scan: BaselineJpeg, eighths: 2 | 4): readonly Plane[] {
  const unitsAcross = Math.ceil(scan.width / (8 * scan.across));
  const units = unitsAcross * Math.ceil(scan.height / (8 * scan.down));
  const planes = scan.components.map((component, index) => {
    const [across, down] = index === 0 ? [scan.across, scan.down] : [1, 1];
    const points: 2 | 4 | 8 = index > 0 && scan.down === 2 ? (eighths === 4 ? 8 : 4) : eighths;
    const width = unitsAcross * across * points;
    return {
      component,
      across,
      down,
      points,
      width,
      bytes: new Uint8Array(width * (units / unitsAcross) * down * points),
    };
  });
  const bits = new Bits(file, scan.begin);
  let means = [0, 0, 0];
  for (let unit = 0; unit < units; unit += 1) {
    if (unit > 0 && scan.restartInterval > 0 && unit % scan.restartInterval === 0) {
      bits.restart();
      means = [0, 0, 0];
    }
    for (const [index, { component, across, down, points, width, bytes }] of planes.entries()) {
      for (let place = 0; place < across * down; place += 1) {
        const { block, mean } = bits.block(component, means[index] ?? 0);
        means[index] = mean;
        const x = ((unit % unitsAcross) * across + (place % across)) * points;
        const y = (Math.floor(unit / unitsAcross) * down + Math.floor(place / across)) * points;
        for (const [i, value] of samples(block, points).entries())
          bytes[(y + Math.floor(i / points)) * width + x + (i % points)] = value;
      }
    }
  }
  return planes;
}

/** RGB of the picture at `eighths` eighths of its size. */
export function decodePart(file: Uint8Array, scan: BaselineJpeg, eighths: 2 | 4): Uint8Array {
  const { width, height } = partOf(scan, eighths);
  const isHalved = scan.across === 2 && scan.down === 1;
  const [luma, blue, red] = planesOf(file, scan, eighths);
  if (!luma) throw new Error('a plane of luma is made');
  const chromaWidth = isHalved ? Math.ceil(width / 2) : width;
  const chroma = ({ width: stride, bytes }: Plane, x: number, y: number) => {
    const sample = (column: number) => bytes[y * stride + Math.max(0, Math.min(chromaWidth - 1, column))] ?? 0;
    if (!isHalved) return sample(x) - 128;
    // Three parts of the nearest sample, one of the next.
    const near = x >> 1;
    const sum = 3 * sample(near) + (x % 2 === 0 ? sample(near - 1) + 1 : sample(near + 1) + 2);
    return (sum >> 2) - 128;
  };
  const rgb = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at += 1) {
    const [x, y] = [at % width, Math.floor(at / width)];
    const light = luma.bytes[y * luma.width + x] ?? 0;
    if (!blue || !red) {
      rgb.fill(light, at * 3, at * 3 + 3);
      continue;
    }
    const [cb, cr] = [chroma(blue, x, y), chroma(red, x, y)];
    // BT.601 at full range, 16 bits of constants (T.871, 7).
    rgb[at * 3] = clamp(light + ((91881 * cr + 32768) >> 16));
    rgb[at * 3 + 1] = clamp(light + ((-22554 * cb - 46802 * cr + 32768) >> 16));
    rgb[at * 3 + 2] = clamp(light + ((116130 * cb + 32768) >> 16));
  }
  return rgb;
}
