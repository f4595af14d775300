/** The clip that plays as the camera: real labelled photos when they are here, else our own sample pictures. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import { ROOT } from '../support/gateway-process.ts';
import { sharedDir, wnids } from '../support/shared-photos.ts';

export interface Clip {
  readonly path: string;
  /** True class index of each slide, a second each, in order. */
  readonly truth: readonly number[];
}

const FRAMES = 30;

function sharedClip(folder: string): Clip {
  const order = wnids();
  const truth = readFileSync(join(folder, 'video', 'webcam_labelled_slides.truth.txt'), 'utf8')
    .split('\n')
    .flatMap((line) => /n\d{8}/.exec(line) ?? [])
    .map((wnid) => order.indexOf(String(wnid)));
  return { path: join(folder, 'video', 'webcam_labelled_slides_480x360_30fps.mjpeg'), truth };
}

/** Ten slides of our own samples, each a second of 480 x 360 at 30 frames. */
async function ownClip(): Promise<Clip> {
  const folder = join(ROOT, 'public', 'samples');
  const samples = z
    .array(z.object({ file: z.string(), classIndex: z.int() }))
    .parse(JSON.parse(readFileSync(join(folder, 'samples.json'), 'utf8')));
  const slides = Array.from({ length: 10 }, (_, i) => samples[i % samples.length]).flatMap((slide) => slide ?? []);
  const path = join(ROOT, '.cache', 'samples.mjpeg');
  if (!existsSync(path)) {
    const frames = await Promise.all(
      slides.map(({ file }) =>
        sharp(join(folder, file)).resize(480, 360, { fit: 'cover' }).jpeg({ quality: 92 }).toBuffer(),
      ),
    );
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.concat(frames.flatMap((frame) => Array.from({ length: FRAMES }, () => frame))));
  }
  return { path, truth: slides.map(({ classIndex }) => classIndex) };
}

export async function cameraClip(): Promise<Clip> {
  return sharedDir ? sharedClip(sharedDir) : await ownClip();
}
