import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { HEADER_BYTES, pictureSize } from './picture-size.ts';

const folder = new URL('../test/fixtures/images/', import.meta.url);
const read = (name: string): Uint8Array => readFileSync(new URL(name, folder)).subarray(0, HEADER_BYTES);

const entries = z
  .array(
    z.object({
      file: z.string(),
      expect: z.enum(['decodes', 'refused', 'either']),
      width: z.int().optional(),
      height: z.int().optional(),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')));
const sized = entries.flatMap(({ file, width, height }) => (width && height ? [{ file, width, height }] : []));

test.each(sized)('the header of $file says $width x $height', ({ file, width, height }) => {
  const size = pictureSize(read(file));
  // The header comes before the EXIF orientation is applied.
  expect([size?.width, size?.height].sort()).toEqual([width, height].sort());
});

test('what is no picture has no size, and nothing throws', () => {
  for (const { file } of entries) expect(() => pictureSize(read(file))).not.toThrow();
  expect(pictureSize(read('noise.bin'))).toBeUndefined();
  expect(pictureSize(new Uint8Array(0))).toBeUndefined();
});

test('every cut of a header gives a size or none, and nothing throws', () => {
  for (const { file } of entries) {
    const bytes = read(file).subarray(0, 4096);
    for (let length = 0; length <= bytes.length; length += 7) pictureSize(bytes.subarray(0, length));
  }
});
