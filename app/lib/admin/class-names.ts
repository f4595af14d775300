/** Class names out of a file: JSON (a list, or an object from numbers to names) or text with one name a line. */
import { TwinlensError } from '../../../core/errors.ts';

/** The names in the order of the model's output. Throws INVALID_ARGUMENT for what is no such file. */
export function readClassNames(text: string): string[] {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  const names = /^[[{]/.test(trimmed) ? fromJson(trimmed) : trimmed.split(/\r?\n/).map((line) => line.trim());
  const empty = names.indexOf('');
  if (names.length === 0 || trimmed === '') throw new TwinlensError('INVALID_ARGUMENT', 'The file has no class names.');
  if (empty >= 0) throw new TwinlensError('INVALID_ARGUMENT', `Class ${empty} has no name; every line needs one.`);
  return names;
}

function fromJson(text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TwinlensError('INVALID_ARGUMENT', 'The file begins like JSON and is none.', { cause });
  }
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.map(nameOf);
  // As in `id2label` of Hugging Face: the keys are the numbers of the outputs.
  const entries = Object.entries(value);
  const byNumber = new Map(entries.map(([key, name]: [string, unknown]) => [Number(key), name]));
  const names = entries.map((_, index) => byNumber.get(index));
  const missing = names.indexOf(undefined);
  if (missing >= 0) {
    throw new TwinlensError('INVALID_ARGUMENT', `Class ${missing} is missing; keys are numbers from 0 without a gap.`);
  }
  return names.map(nameOf);
}

function nameOf(value: unknown): string {
  if (typeof value === 'string') return value.trim();
  throw new TwinlensError('INVALID_ARGUMENT', `${JSON.stringify(value)} is no class name; names are text.`);
}
