/** The folder of real photos, models and clips that some tests use when it is there: SHARED_DIR, or beside the project. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const beside = fileURLToPath(new URL('../../../shared', import.meta.url));

/** Its path, or undefined when it isn't there. */
export const sharedDir: string | undefined = [process.env.SHARED_DIR, beside].find(
  (path) => path !== undefined && existsSync(join(path, 'photos')),
);

export const NO_SHARED = 'the folder of real photos is not here: set SHARED_DIR to it to run this';

export interface LabelledPhoto {
  readonly name: string;
  readonly path: string;
  /** True class, by the id (wnid) that the file's name begins with. */
  readonly wnid: string;
  readonly encoding: 'jpeg' | 'png' | 'webp';
}

export type PhotoSet = 'hero' | 'caltech101_ccby' | 'imagenet_sample_200';

const ENCODINGS = { '.jpg': 'jpeg', '.jpeg': 'jpeg', '.png': 'png', '.webp': 'webp' } as const;

/** The set's photos by name; empty when the folder isn't there. */
export function labelledPhotos(set: PhotoSet): readonly LabelledPhoto[] {
  if (!sharedDir) return [];
  const folder = join(sharedDir, 'photos', set);
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const wnid = /^n\d{8}/.exec(name)?.[0];
      const ending = Object.keys(ENCODINGS).find((end) => name.toLowerCase().endsWith(end)) as
        | keyof typeof ENCODINGS
        | undefined;
      return wnid && ending ? [{ name, path: join(folder, name), wnid, encoding: ENCODINGS[ending] }] : [];
    });
}

/** Ids of the 1000 classes in the order of the model's output, from the model's own build data. */
export function wnids(): readonly string[] {
  const table = readFileSync(new URL('../../models/build/synsets.tsv', import.meta.url), 'utf8');
  return table
    .split('\n')
    .flatMap((line) => /\bn\d{8}\b/.exec(line) ?? [])
    .map(String);
}
