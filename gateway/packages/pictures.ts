/**
 * The pictures of goldens for models that bring none. They prove that every runtime computes what the CPU did when the
 * model was imported, from the resize on; not that the model is any good. Drawn in integers, so that they are the same
 * everywhere, and of sizes and proportions that no model takes, so that the resize is proven too.
 */
import sharp from 'sharp';

export interface DrawnPicture {
  readonly name: string;
  /** PNG, RGB, without a profile. */
  readonly data: Uint8Array;
}

type Paint = (x: number, y: number) => readonly [number, number, number];

interface Plan {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly paint: Paint;
}

const inside = (x: number, y: number, centerX: number, centerY: number, radius: number): boolean =>
  (x - centerX) ** 2 + (y - centerY) ** 2 < radius ** 2;

/** Smooth and round: a ball over a meadow. */
const ball: Paint = (x, y) => {
  if (inside(x, y, 150, 120, 68)) {
    const light = Math.max(0, 255 - 2 * Math.abs(x - 130) - Math.abs(y - 95));
    return [light, light >> 1, light >> 3];
  }
  return y < 150 ? [110 + (y >> 1), 160 + (y >> 2), 235] : [60, 120 + ((x + y) % 32), 40];
};

/** Hard edges of several widths, in which a wrong filter shows. */
const stripes: Paint = (x, y) => {
  if (x > 60 && x < 160 && y > 100 && y < 210) return ((x >> 3) + (y >> 3)) % 2 === 0 ? [245, 245, 245] : [20, 20, 60];
  return ((x + 2 * y) >> (y < 155 ? 2 : 4)) % 2 === 0 ? [230, 180, 40] : [90, 30, 110];
};

/** Fine texture: a hash of the place over a slope. */
const grain: Paint = (x, y) => {
  const hash = Math.imul(x * 73 + y * 179 + 11, 0x9e3779b1) >>> 24;
  const ring = inside(x, y, 140, 140, 90) && !inside(x, y, 140, 140, 60) ? 90 : 0;
  return [((x * 200) / 283 + hash / 5) | 0, ((y * 200) / 277 + hash / 5) | 0, 40 + ring + (hash >> 3)];
};

const PLANS: readonly Plan[] = [
  { name: 'ball', width: 317, height: 241, paint: ball },
  { name: 'stripes', width: 229, height: 311, paint: stripes },
  { name: 'grain', width: 283, height: 277, paint: grain },
];

async function draw({ name, width, height, paint }: Plan): Promise<DrawnPicture> {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) pixels.set(paint(x, y), (y * width + x) * 3);
  }
  const data = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
  return { name, data };
}

export function drawPictures(): Promise<DrawnPicture[]> {
  return Promise.all(PLANS.map(draw));
}
