/** What a schema found wrong, as one bounded sentence: each mistake with its path, in English. */
import { en } from 'zod/locales';
import * as z from 'zod/mini';

// The small form of zod, which pages load, brings no words of its own.
z.config(en());

/** Mistakes told; hostile input can have as many as it has bytes. */
const MAX_MISTAKES = 20;
/** Characters of one mistake; a schema repeats unknown field names. */
const MAX_LENGTH = 300;

/** @param root what a mistake of the whole value is called, such as `message` */
export function describeMistakes(error: z.core.$ZodError, root: string): string {
  const told = error.issues
    .slice(0, MAX_MISTAKES)
    .map((issue) => `${issue.path.join('.') || root}: ${issue.message}`.slice(0, MAX_LENGTH));
  const rest = error.issues.length - told.length;
  return told.join('; ') + (rest > 0 ? `; and ${rest} more` : '');
}
