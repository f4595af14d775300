/**
 * One setting: its type, default, unit and what it means, and how it is read from text. The kinds that there are.
 * Knows neither names nor where values come from.
 */
import { z } from 'zod';

export interface Setting<T> {
  /** Of a value as JSON has it. Its messages are completed to "NAME must be ...". */
  readonly schema: z.ZodType<T>;
  /** JSON value of the text of an environment variable; the text itself when it has another form. */
  readonly fromText: (text: string) => unknown;
  readonly fallback: T;
  /** What may be given, in words, such as "whole number, 1 to 64". */
  readonly kind: string;
  /** One or two sentences that say what it is for. */
  readonly about: string;
  readonly unit?: string | undefined;
  /** What 0, or an empty text, means. */
  readonly none?: string | undefined;
  /** Empty text has a meaning of its own, so that it isn't taken for an absent variable. */
  readonly emptyCounts?: boolean | undefined;
}

type Words = Pick<Setting<unknown>, 'about' | 'unit' | 'none'>;

export function whole(fallback: number, [min, max]: readonly [number, number], words: Words): Setting<number> {
  const range = `must be ${min} to ${max}`;
  return {
    schema: z.int('must be a whole number').min(min, range).max(max, range),
    fromText: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : text),
    fallback,
    kind: `whole number, ${min} to ${max}`,
    ...words,
  };
}

/** A number from 0 to 1. */
export function share(fallback: number, words: Words): Setting<number> {
  return {
    schema: z.number('must be a number').min(0, 'must be 0 to 1').max(1, 'must be 0 to 1'),
    fromText: (text) => (/^\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : text),
    fallback,
    kind: 'number, 0 to 1',
    ...words,
  };
}

export function text(fallback: string, words: Words & { readonly emptyCounts?: boolean }): Setting<string> {
  return { schema: z.string('must be a text'), fromText: (given) => given, fallback, kind: 'text', ...words };
}

/** A text that must pass `rule`. */
export function textLike(
  fallback: string,
  rule: { readonly kind: string; readonly must: string; readonly accepts: (text: string) => boolean },
  words: Words,
): Setting<string> {
  const schema = z.string('must be a text').refine(rule.accepts, { message: `must be ${rule.must}` });
  return { schema, fromText: (given) => given, fallback, kind: rule.kind, ...words };
}

export function choice<const T extends string>(
  fallback: NoInfer<T>,
  options: readonly [T, ...T[]],
  words: Words,
): Setting<T> {
  const kind = options.map((option) => `\`${option}\``).join(', ');
  return {
    schema: z.enum(options, `must be one of ${options.join(', ')}`),
    fromText: (given) => given,
    fallback,
    kind,
    ...words,
  };
}

export interface ListRule {
  readonly kind: string;
  readonly must: string;
  readonly accepts: (part: string) => boolean;
}

/** Comma separated as text, an array in a file. */
export function list(
  fallback: readonly string[],
  words: Words & { readonly emptyCounts?: boolean },
  rule: ListRule = { kind: 'texts', must: 'texts', accepts: () => true },
): Setting<readonly string[]> {
  const schema = z.array(z.string(), `must be a list of ${rule.kind}`).refine((parts) => parts.every(rule.accepts), {
    message: `must be ${rule.must}`,
  });
  const fromText = (given: string) =>
    given
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  return { schema, fromText, fallback, kind: `list of ${rule.kind}`, ...words };
}
