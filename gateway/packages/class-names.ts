/** Class names from wherever they come: the hints, a file beside the model, or the list that `imagenet-1k` means. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ImportHints } from '../../core/admin.ts';
import { TwinlensError } from '../../core/errors.ts';
import { type Material, readJson, readText } from './material.ts';

const namesSchema = z.array(z.string().min(1).max(200)).min(1).max(100_000);

/** Files beside a model that may have them, first found. */
const FILES = ['classes.json', 'labels.json', 'labels.txt', 'classes.txt'];

export function parseNames(value: unknown, where: string): readonly string[] {
  const parsed = namesSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TwinlensError(
    'INVALID_ARGUMENT',
    `${where} must be a list of 1 to 100000 class names, each of 1 to 200 characters, in the order of the output.`,
  );
}

/** One name a line; a line break at the end is none. */
function lines(text: string): readonly string[] {
  return text
    .replace(/\s+$/, '')
    .split(/\r?\n/)
    .map((line) => line.trim());
}

/** The names that the hints give, or a file beside the model; undefined when there are none. */
export async function findClassNames(
  hints: ImportHints,
  material: Material,
  imagenetNames: string,
): Promise<readonly string[] | undefined> {
  if (hints.classNames === 'imagenet-1k') {
    return parseNames(JSON.parse(await readFile(imagenetNames, 'utf8')), 'The list of imagenet-1k');
  }
  if (hints.classNames) return parseNames(hints.classNames, 'classNames');
  const file = FILES.find((name) => material.files.includes(name));
  if (file === undefined) return undefined;
  const value = file.endsWith('.json') ? await readJson(material, file) : lines(await readText(material, file));
  return parseNames(value, file);
}
